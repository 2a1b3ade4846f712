"""Vocabulary and sentence forms of the sample texts. A form's slots are the names of the lists."""

from __future__ import annotations

from typing import Final


def _each(joined: str) -> list[str]:
    return joined.split("|")


ENGLISH: Final[dict[str, list[str]]] = {
    "thing": _each(
        "the budget|the northern harbour|a small bakery|the water pump|the old library|this recipe|"
        "the school garden|a wooden bridge|the quarterly report|the solar panel|a city tram|"
        "the river delta|the compiler|a shared database|the message queue|the night shift|"
        "the first draft|a mountain village|the insurance claim|the choir|this lease|the archive|"
        "the vaccine trial|a local newspaper|the reading group|the ferry timetable|the greenhouse|"
        "a used bicycle|the supply contract|the telescope|the marathon plan|an apartment block|"
        "the museum shop|the irrigation canal|the test suite|a volunteer team|the savings account|"
        "the coral reef|the wedding speech|the cooling system"
    ),
    "deed": _each(
        "needs a clear owner|depends on the season|was rebuilt last spring|"
        "costs less than expected|"
        "works best in small steps|has to be checked twice|rarely fails without warning|"
        "serves more than four hundred people|runs on a very tight schedule|"
        "became easier to maintain|"
        "draws visitors from three counties|should be documented first|loses heat through the roof|"
        "attracts steady interest|was never meant to be permanent|stays open until nine|"
        "changes faster than the rules do|is cheaper to repair than to replace|"
        "shows a slow but steady improvement|can be tested in an afternoon|"
        "puts a strain on everyone involved|looks simpler than it is|grew out of a single idea|"
        "is described in the second appendix"
    ),
    "cause": _each(
        "the measurements were taken at low tide|most of the work happens before noon|"
        "the original design left room for it|nobody had compared the two invoices|"
        "the older parts expand when they get warm|people remember stories better than tables|"
        "the deadline moved twice in one month|the cheaper material absorbs moisture|"
        "each request waits for the one before it|the new members asked good questions|"
        "two of the three sensors disagree|the permit covers only the ground floor|"
        "the instructions assume some experience|prices fall after the harvest|"
        "the sample is still rather small|the audience was younger than planned|"
        "a single mistake spreads through every copy|the wind turns in the late afternoon|"
        "the index no longer fits in memory|the contract says nothing about delays|"
        "traffic doubles on market days|the patient had already changed her diet|"
        "the translation keeps the old units|sunlight reaches the lower leaves first"
    ),
    "advice": _each(
        "write the assumptions down|measure it again after a week|"
        "ask a neighbour for a second opinion|"
        "keep one copy outside the building|start with the part that can fail|"
        "divide the cost by season|"
        "replace the filter before winter|draw a simple diagram|leave a margin of ten percent|"
        "compare at least three offers|let the dough rest overnight|rehearse the opening twice|"
        "record every reading in one table|turn the question around|agree on a date in advance|"
        "remove the oldest entries first|check the label for allergens|read the footnotes as well|"
        "label each cable at both ends|add a test for the empty case|take the slower road|"
        "give the group a short break|mix the dry ingredients first|explain the risk in plain words"
    ),
    "turn": _each(
        "In practice|At first glance|As a rule|On closer inspection|For most people|"
        "After the first year|In a dry summer|Under these conditions|To be fair|With some patience|"
        "Before anything else|In the long run|On a normal weekday|From a legal point of view|"
        "For a beginner|Compared with last year|Even so|In smaller towns"
    ),
    "who": _each(
        "Mara|the head nurse|our landlord|a retired engineer|the project lead|my grandmother|"
        "Professor Adeyemi|the youngest player|a visiting chemist|the tax office|Mr. Lindqvist|"
        "the night porter|a data analyst|the ship's cook|the parents' council|Officer Tran"
    ),
    "number": _each("three|four|six|nine|twelve|fifteen|twenty|forty|eighty|two hundred"),
    "unit": _each("days|weeks|litres|pages|households|metres|attempts|euros|samples|visits"),
}

ENGLISH_FORMS: Final = [
    "{turn}, {thing} {deed} because {cause}.",
    "It helps to remember that {cause}, so {advice} and then look at {thing} again.",
    "{turn}, {who} would {advice} before deciding anything about {thing}.",
    "According to {who}, {thing} {deed}; that took about {number} {unit} to confirm.",
    "If {cause}, it is usually enough to {advice}.",
    "Some {number} {unit} later it turned out that {cause}.",
    "You could {advice}, although {thing} {deed}.",
    "There are {number} reasons for this, and the most important one is that {cause}.",
    "{turn}, that is no problem: {advice}, wait {number} days, and {advice}.",
    "What surprised {who} was that {cause}, even though {thing} {deed}.",
    "Neither {thing} nor {thing} explains why {cause}.",
    "To put it simply, {thing} {deed}, and {thing} {deed} as well.",
]

INSTRUCTION_FORMS: Final = [
    "Explain to {who} why {thing} {deed} when {cause}.",
    "How should I {advice} if {cause}?",
    "Write a short letter in which {who} says that {thing} {deed}.",
    "I have {number} {unit} left and {thing} {deed}. What would you do?",
    "Compare {thing} with {thing}: which one matters more if {cause}?",
    "Summarise the following notes for {who} in {number} sentences.",
    "Is it true that {cause}? Please give {number} examples.",
    "Draft a plan so that {who} can {advice} within {number} days.",
]

VISUAL: Final[dict[str, list[str]]] = {
    "shape": _each("circle|disc|square|rectangle|triangle|block|dot|panel"),
    "colour": _each("red|green|blue|orange|violet|grey|yellow|teal|brown|pink|dark|pale"),
    "place": _each(
        "in the upper left corner|near the centre|along the lower edge|behind the other shapes|"
        "on the right-hand side|close to the border|in the foreground|at the top|below the middle"
    ),
    "ground": _each(
        "a smooth gradient|a grainy backdrop|a soft two-tone wash|a noisy texture|a plain surface"
    ),
    "number": _each("one|two|three|four|five"),
}

VISUAL_FORMS: Final = [
    "There is a {colour} {shape} {place}, partly covered by a {colour} {shape}.",
    "The background is {ground} that shifts from {colour} to {colour}.",
    "I can count {number} shapes, and the largest is the {colour} {shape} {place}.",
    "A {colour} {shape} stands {place} and draws the eye first.",
    "Next to it, {place}, a smaller {shape} in {colour} is visible against {ground}.",
    "Apart from a {colour} {shape} there is nothing {place}, neither people nor words.",
    "The {colour} {shape} overlaps the {shape} that lies {place}.",
    "Overall the picture looks abstract, with {number} clear shapes on {ground}.",
]

VISUAL_QUESTION_FORMS: Final = [
    "What is the colour of the {shape} {place}?",
    "Describe the picture in detail, and begin with the {shape} {place}.",
    "How many {colour} shapes do you see {place}?",
    "Is the {shape} {place} larger than the {colour} {shape}?",
    "Is there a {colour} {shape} {place}? Answer and explain why.",
    "What lies {place}, and how does it relate to the {colour} {shape}?",
]

SCENE: Final[dict[str, list[str]]] = {
    "subject": _each(
        "a lighthouse|an old tram|a red fox|a paper boat|two chess players|a glass greenhouse|"
        "a sleeping cat|a floating island|an astronaut|a street musician|a stone bridge|"
        "a blue whale|"
        "a robot gardener|a bowl of ramen|a snowy owl|a vintage motorcycle|a desert caravan|"
        "a crystal dragon|a ballet dancer|an abandoned station"
    ),
    "setting": _each(
        "in thick morning fog|under a violet sky|on a quiet canal|beside a waterfall|"
        "at a night market|"
        "in a field of poppies|on the surface of Mars|during a thunderstorm|in a candle-lit room|"
        "above the clouds|in a flooded city|on a frozen lake|inside a giant library|at low tide"
    ),
    "style": _each(
        "oil on canvas|watercolour|studio photograph, 85mm|pixel art|woodblock print|concept art|"
        "pencil sketch|isometric render|art nouveau poster|claymation still|charcoal drawing|"
        "low poly render|gouache illustration"
    ),
    "detail": _each(
        "soft rim light|intricate detail|muted palette|volumetric light|shallow depth of field|"
        "golden hour|strong shadows|symmetrical composition|wide angle|grainy film|high contrast|"
        "pastel colours|reflections on wet ground"
    ),
}

SCENE_FORMS: Final = [
    "{subject} {setting}, {style}, {detail}",
    "{style} of {subject} and {subject} {setting}, {detail}, {detail}",
    "{subject} {setting} with {detail}, {style}",
    "a picture of {subject} {setting}, {detail}",
]

#: Texts that are not plain ASCII: language -> (form lists, forms), in composed Unicode (NFC).
FOREIGN: Final[dict[str, tuple[dict[str, list[str]], list[str]]]] = {
    "german": (
        {
            "n": _each(
                "die Brücke|das Gewächshaus|der Bericht|die Fähre|das Büro|die Prüfung|"
                "der Schlüssel|die Möblierung"
            ),
            "w": _each(
                "während der Ferien|für längere Zeit|trotz großer Mühe|über Nacht|"
                "gemäß der Übersicht|nach dem Frühstück"
            ),
            "v": _each(
                "benötigt eine gründliche Prüfung|läuft überraschend zuverlässig|"
                "wäre günstiger als gedacht|gehört zu den häufigsten Gründen"
            ),
        },
        ["Grundsätzlich gilt: {n} {v}, auch {w}.", "Übrigens: {n} {v}, und {w} {v} ebenso {n}."],
    ),
    "chinese": (
        {
            "n": _each("这座桥|图书馆|小面包店|季度报告|水泵|村里的学校|新的时间表|温室"),
            "w": _each("春天的时候|一般来说|三个星期以后|从长远来看|在小城市里|根据记录"),
            "v": _each("需要再检查一次|比预想的便宜|每天都很忙|很少出问题|值得详细说明"),
        },
        ["{w},{n}{v},所以{n}也{v}。", "首先请注意:{n}{v};{w},{n}{v}。"],
    ),
    "arabic": (
        {
            "n": _each("الجسر القديم|المكتبة العامة|التقرير السنوي|الحديقة|مضخة المياه|القرية"),
            "w": _each("في الصباح|بعد ثلاثة أسابيع|بشكل عام|على المدى الطويل|في المدن الصغيرة"),
            "v": _each("تحتاج إلى مراجعة|تعمل بشكل جيد|أقل تكلفة من المتوقع|تستحق الاهتمام"),
        },
        ["{w}، {n} {v}، و{n} {v} أيضًا.", "من المهم أن نعرف أن {n} {v} {w}."],
    ),
    "emoji": (
        {
            "n": _each("the trip 🚀|our picnic 🧺|game night 🎲|the garden 🌱|my playlist 🎧"),
            "w": _each("👍🏽|👩‍🔬|🎉🎉|😅|✨"),
            "v": _each(
                "went better than planned|needs one more idea|is worth a try|starts at seven"
            ),
        },
        ["{w} So {n} {v}, and {n} {v} {w}!", "Quick note {w}: {n} {v} — {n} {v}."],
    ),
}

CODE: Final[dict[str, list[str]]] = {
    "f": _each("load_rows|merge|parse_line|total_cost|next_slot|retry|group_by_day|normalise"),
    "a": _each("rows|items|values|orders|lines|events|readings|records"),
    "b": _each("limit|offset|default|threshold|width|step|seed|depth"),
    "o": _each("+|-|*|%|//"),
    "k": _each("2|3|7|10|16|60|100|365"),
}

CODE_FORMS: Final = [
    "```python\ndef {f}({a}, {b}={k}):\n    found = []\n    for item in {a}:\n"
    "        if item {o} {b}:\n            found.append(item {o} {k})\n    return found\n```",
    "```python\nclass Buffer:\n    def __init__(self, {b}):\n        self.{b} = {b} {o} {k}\n\n"
    "    def {f}(self, {a}):\n        return [x {o} self.{b} for x in {a}]\n```",
    "```js\nfunction {f}({a}, {b}) {{\n  return {a}\n    .filter((x) => x > {b})\n"
    "    .map((x) => x * {k});\n}}\n```",
    "```sql\nSELECT day, count(*) AS {b}\nFROM {a}\nWHERE {b} > {k}\nGROUP BY day\n"
    "ORDER BY day\nLIMIT {k};\n```",
]
