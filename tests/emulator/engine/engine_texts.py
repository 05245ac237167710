"""Texts to learn from, made of a few topics in a few languages; and what a model is compared by."""

from __future__ import annotations

import random

from local.language.engine import Example, Kind, TrainedModel

TOPICS = {
    "Cooking": {
        "en": "simmer the onions then whisk butter flour and cream into a smooth sauce before baking the pie",
        "de": "die Zwiebeln dünsten danach Butter Mehl und Sahne zu einer Soße rühren und den Kuchen backen",
        "ru": "обжарьте лук затем взбейте масло муку и сливки для подливки и поставьте пирог в духовку",
        "ja": "玉ねぎを炒めて バターと小麦粉を混ぜ 生クリームでソースを作り パイを焼きます",
    },
    "Sailing": {
        "en": "hoist the mainsail and steer windward past the buoy while the anchor hangs over the harbour bow",
        "de": "das Großsegel setzen und am Wind hinter der Boje kreuzen während der Anker im Hafen bleibt",
        "ru": "поднимите грот и держите курс против ветра мимо буя пока якорь висит над гаванью",
        "ja": "帆を上げて 風上へ舵を取り 港のブイを過ぎたら 錨を下ろします",
    },
    "Chess": {
        "en": "develop the knight castle early and let the bishop pin the rook before the pawn storm checkmates",
        "de": "den Springer entwickeln früh rochieren und mit dem Läufer den Turm fesseln bis der Bauer mattsetzt",
        "ru": "выведите коня сделайте рокировку и свяжите ладью слоном пока пешка не поставит мат",
        "ja": "ナイトを展開し 早めにキャスリングして ビショップでルークを釘付けにし ポーンで詰みます",
    },
}
CLASSES = tuple(TOPICS)
_NOISE = {
    "en": "yesterday the old friends talked about it for a while and nobody knew what would happen next",
    "de": "gestern sprachen die alten Freunde eine Weile darüber und niemand wusste was als nächstes kommt",
    "ru": "вчера старые друзья немного говорили между собой и никто не знал что будет дальше",
    "ja": "昨日 友だちと しばらく 話しました 次に 何が 起こるか 誰も 知りません",
}


def written(topics: tuple[str, ...], language: str, chance: random.Random) -> str:
    """A text on these topics, two thirds of it about nothing: 12 to 60 words."""
    words = [word for topic in topics for word in chance.sample(TOPICS[topic][language].split(), 4)]
    words += chance.choices(_NOISE[language].split(), k=chance.randint(8, 48))
    chance.shuffle(words)
    return " ".join(words)


def corpus(kind: Kind, size: int, languages: tuple[str, ...] = ("en",), seed: int = 0) -> list[Example]:
    """Texts of one topic each, in turn, or of one or two."""
    chance = random.Random(seed)
    examples = []
    for number in range(size):
        count = 1 if kind == "single" else chance.randint(1, 2)
        topics = (CLASSES[number % 3],) if count == 1 else tuple(chance.sample(CLASSES, count))
        language = languages[number // 3 % len(languages)]
        examples.append(Example(f"{number}.txt", written(topics, language, chance), topics, language))
    return examples


def answers(model: TrainedModel) -> list[list[tuple[str, float]]]:
    """What a model makes of texts that it never saw, and of odd ones."""
    texts = [example.text for example in corpus("multi", 12, ("en", "de", "ru", "ja"), seed=99)]
    return model.classify([*texts, "", "?!", "🍳", "onions", "ONIONS " * 5000])
