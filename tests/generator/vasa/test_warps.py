import torch

from tellbench.generator.vasa.warps import resized, undoing, warped


def test_a_flow_and_the_one_that_undoes_it_lead_nowhere():
    flow = resized(0.03 * torch.randn(2, 2, 8, 8, generator=torch.Generator().manual_seed(0)), 64)
    left, negated = ((flow + warped(back, flow)).abs().mean() / flow.abs().mean() for back in (undoing(flow), -flow))
    assert left < 0.02 < 0.1 < negated
