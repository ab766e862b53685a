"""What to say: sentences written for Tellbench, dense in the sounds that faces show (M B P, F V, round vowels)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tellbench.errors import InputError

_FEMALE = ("f1", "f2", "f3", "f4", "f5")
_MALE = ("m1", "m2", "m3", "m4", "m5", "m6", "m7")


def _variants(*bases: str) -> dict[str, tuple[str, ...]]:
    return {
        "female": tuple(f"{base}+{name}" for base in bases for name in _FEMALE),
        "male": tuple(f"{base}+{name}" for base in bases for name in _MALE),
    }


VOICES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "en": _variants("en-us", "en-gb"),
    "de": _variants("de"),
    "fr": _variants("fr-fr"),
    "es": _variants("es", "es-419"),
    "it": _variants("it"),
    "pt": _variants("pt", "pt-br"),
    "pl": _variants("pl"),
    "tr": _variants("tr"),
    "nl": _variants("nl"),
}
"""espeak-ng voices by language, then by sex ("female", "male")."""

SENTENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": (
        "My brother bought a pump for the boat, but the pipe broke before supper.",
        "If you move the lamp above the map, Peter may find the missing village.",
        "Both women whispered about the vivid purple moon over the harbour.",
        "We usually choose fresh fish, warm bread and a huge bowl of soup.",
        "Why would anybody push a piano up five flights of stairs?",
        "The judge believed him, and that, I think, changed everything.",
        "Please phone Barbara; her family will be home from Vermont by Monday.",
        "Those boys jumped over the bench and vanished behind the theatre.",
        "Maybe the problem is simple: nobody ever measured the beam.",
        "A few thousand people voted, most of them for the first time.",
        "Could you show me how the yellow machine opens a bottle?",
        "In the film, a baker and a poet share an umbrella through a whole summer.",
        "Few of us remember the warm rain that fell on the empty market.",
        "Bob's van moved slowly past the farm, then stopped by the pub.",
        "Do you know where my mother put the blue envelope?",
        "She laughed, shook her head, and gave away the very last apple.",
        "Above all, we must be patient: better maps make better journeys.",
        "The mayor promised improvements, yet the bridge was never painted.",
        "Twelve puppies in one bathroom? That is not what I had in mind!",
        "Our neighbour's voice carried far over the quiet fields.",
        "It was a moment of pure joy, and I still feel it today.",
        "Perhaps five more minutes would have been enough for both of us.",
        "Open the window, breathe in, and tell me what you smell.",
        "Half of my business is explaining numbers to people who fear them.",
    ),
    "de": (
        "Meine Mutter bäckt jeden Abend frisches Brot für die ganze Familie.",
        "Vielleicht wollte Paul uns nur über den hübschen Umweg führen.",
        "Fünf junge Vögel wohnen oben im alten Apfelbaum.",
        "Warum bleibt der Bäcker am Montag bis zum Abend im Büro?",
        "Ob das Boot wirklich schwimmt, werden wir morgen früh probieren.",
        "Im Sommer pflücken wir Pflaumen, Birnen und süße Kirschen.",
        "Die Frau am Bahnhof fragte höflich nach dem Weg zum Museum.",
        "Bitte pass auf, die Lampe über dem Bett wackelt ein bisschen!",
        "Er schob den schweren Schrank behutsam in die Mitte des Raumes.",
        "Niemand vermutet, dass hinter dem Vorhang ein Klavier steht.",
        "Wir haben vier Koffer gepackt und trotzdem die Papiere vergessen.",
        "Möchtest du lieber Suppe, oder wollen wir später etwas kaufen?",
    ),
    "fr": (
        "Ma mère prépare une bonne soupe aux pommes de terre chaque vendredi.",
        "Pourquoi veux-tu pousser ce vieux piano jusqu'au premier étage ?",
        "Le boulanger ouvre sa boutique avant le lever du jour.",
        "Une petite fille bavarde avec un vendeur de fruits sous la pluie.",
        "Nous avons beaucoup marché, puis nous avons bu un bol de chocolat.",
        "Il faut fermer la fenêtre, sinon le vent emportera mes papiers.",
        "Mon voisin possède un beau bateau bleu et deux poules brunes.",
        "Peut-être que personne ne comprend vraiment ce problème.",
        "Huit femmes ont voté pour la même proposition hier soir.",
        "Combien de bougies faut-il pour le gâteau de Bruno ?",
        "La lune montait doucement au-dessus du village endormi.",
        "Voilà un moment parfait pour ouvrir une bouteille de vin.",
    ),
    "es": (
        "Mi abuela prepara una sopa de pescado muy buena para toda la familia.",
        "Por favor, abre la ventana y mira cómo vuelan los pájaros.",
        "El problema es bastante simple, pero nadie quiere hablar de ello.",
        "Vimos un barco blanco y pequeño en medio de la bahía.",
        "¿Por qué no me prestas ese libro de fotografías viejas?",
        "Un hombre amable vendía uvas, peras y pan frente al museo.",
        "Ayer fuimos a pie hasta el pueblo y bebimos agua fresca.",
        "Me gusta mucho la voz profunda de aquella mujer.",
        "Tal vez mañana podamos empezar el nuevo proyecto.",
        "Cuando baja la fiebre, el bebé duerme mejor por la noche.",
        "Hubo un momento de silencio; después, todos aplaudieron.",
        "Compramos ocho huevos, medio kilo de fresas y una bombilla.",
    ),
    "it": (
        "Mio padre compra sempre un buon pane fresco prima di cena.",
        "Vorrei vedere il mare da quella vecchia finestra verde.",
        "Perché non proviamo a spostare il pianoforte vicino al muro?",
        "Una bambina piccola gioca con la palla davanti alla fontana.",
        "Abbiamo bevuto un bicchiere di vino e parlato fino a mezzanotte.",
        "Forse il problema più profondo è la mancanza di tempo.",
        "Il vapore bianco saliva piano sopra la pentola di fagioli.",
        "Mi piace quando piove forte e tutti rimangono a casa.",
        "La mamma ha messo nove uova e poca farina nell'impasto.",
        "Domani mattina un amico famoso viene a trovarci in barca.",
        "Chi vuole provare questa bevanda al pompelmo?",
        "Nel film, un poeta povero s'innamora di una cuoca.",
    ),
    "pt": (
        "Minha avó faz um bolo de limão muito bom para a família.",
        "Por favor, feche a porta porque o vento vem do mar.",
        "O problema é simples, mas ninguém quer falar sobre ele.",
        "Vimos um pequeno barco branco no meio da baía.",
        "Você pode mover a mesa para perto da janela?",
        "Um homem amável vende uvas, pão e peixe na praça.",
        "Ontem fomos a pé até a aldeia e bebemos água fresca.",
        "Talvez amanhã possamos ouvir a nova música do Paulo.",
        "A mulher do vestido azul fotografou oito pombas.",
        "Quando a chuva parou, todos voltaram para o campo.",
        "Meu primo comprou um piano velho e um violão.",
        "Que bom momento para abrir uma garrafa de vinho!",
    ),
    "pl": (
        "Moja babcia piecze pyszny chleb dla całej rodziny.",
        "Proszę, otwórz okno i popatrz na białe łabędzie.",
        "Problem jest prosty, ale nikt nie chce o nim mówić.",
        "Wczoraj poszliśmy pieszo do wsi i piliśmy wodę ze studni.",
        "Czy mógłbyś przesunąć lampę bliżej mojego biurka?",
        "Uprzejmy pan sprzedaje jabłka, gruszki i pomidory obok muzeum.",
        "Może jutro zaczniemy budować nowy most nad rzeką.",
        "Kobieta w fioletowym płaszczu kupiła osiem bułek.",
        "Nad pustym polem powoli wschodził ogromny księżyc.",
        "Mama powiedziała, że film był bardzo piękny.",
        "Kiedy padał deszcz, wszyscy wrócili do domu.",
        "Pięć małych ptaków mieszka w starej jabłoni.",
    ),
    "tr": (
        "Annem her pazar sabahı bütün aile için börek yapar.",
        "Lütfen pencereyi aç ve beyaz bulutlara bak.",
        "Bu problem çok basit, ama kimse konuşmak istemiyor.",
        "Dün köye kadar yürüdük ve pınardan soğuk su içtik.",
        "Mavi lambayı masamın yanına koyabilir misin?",
        "Yaşlı bir adam müzenin önünde üzüm ve ekmek satıyor.",
        "Belki yarın yeni bir köprü yapmaya başlarız.",
        "Mor paltolu kadın sekiz tane portakal aldı.",
        "Boş tarlanın üzerinde kocaman bir ay yükseliyordu.",
        "Beş küçük kuş bu eski elma ağacında yaşıyor.",
        "Vapur limana varınca bütün çocuklar bağırdı.",
        "Film bitince kimse yerinden kıpırdamadı bile.",
    ),
    "nl": (
        "Mijn moeder bakt elke vrijdag vers brood voor het hele gezin.",
        "Wil je alsjeblieft het raam openen en naar de vogels kijken?",
        "Het probleem is eenvoudig, maar niemand durft erover te praten.",
        "We zagen een kleine witte boot midden op het meer.",
        "Vijf jonge mensen wonen boven de oude bakkerij.",
        "Waarom zou je een piano naar de bovenste verdieping duwen?",
        "De vrouw met de paarse muts kocht acht mooie appels.",
        "Misschien beginnen we morgen met een nieuw boek.",
        "Toen de bui voorbij was, liepen we samen naar huis.",
        "Mijn buurman verkoopt pompoenen, uien en bruine bonen.",
        "Boven het lege veld kwam langzaam de maan op.",
        "Een goed moment om een fles wijn te openen, vind je niet?",
    ),
}


def sentence(language: str, seed: int) -> str:
    """One sentence; the same seed gives the same one.

    Raises:
        InputError: no sentences in this language.
    """
    return passage(language, seed, 1)


def passage(language: str, seed: int, n_sentences: int) -> str:
    """Several different sentences in a row (repeating only once all are used), about 3 s each."""
    if language not in SENTENCES:
        raise InputError(f"no sentences in language {language!r}; choose one of {', '.join(SENTENCES)}")
    known = SENTENCES[language]
    order = np.random.default_rng([seed, 0x5E47]).permutation(len(known))
    return " ".join(known[order[i % len(known)]] for i in range(n_sentences))
