"""Published corpora as Tellbench corpora: one small file a layout, and one engine that reads them all."""
