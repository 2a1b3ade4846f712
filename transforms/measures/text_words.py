"""English words and phrases that attributes of texts count, as alternatives of a pattern."""

from __future__ import annotations

from typing import Final

FUNCTION_WORDS: Final = (
    "the|of|and|to|a|an|in|is|that|it|for|on|with|as|are|this|be|you|or|was|by|at|from|have|not|but"
)

HEDGES: Final = (
    "perhaps|maybe|possibly|probably|might|may|could|likely|unlikely|apparently|seems?|seemed|"
    "appears?|suggests?|somewhat|roughly|approximately|generally|usually|typically|often|sometimes|"
    "in some cases|tends? to|it depends"
)

ABSOLUTES: Final = (
    "always|never|must|definitely|certainly|absolutely|undoubtedly|clearly|obviously|completely|"
    "entirely|guaranteed?|without (?:a )?doubt|every single|impossible"
)

CONTRACTIONS: Final = (
    r"(?i)\b\p{L}+(?:n['’]t|['’](?:re|ve|ll|d|m))\b|"
    r"\b(?:it|that|there|what|where|here|let|he|she|who|how)['’]s\b"
)

#: The pronoun I is a capital; in small letters it numbers items.
FIRST_PERSON: Final = (
    r"\bI(?:['’](?:m|ve|ll|d))?\b(?:[^.)]|\z)|(?i)\b(?:me|my|mine|myself|we|our|ours|us)\b"
)

SECOND_PERSON: Final = "you|your|yours|yourself|yourselves"

COURTESIES: Final = (
    "please|thanks|thank you|sorry|apologi[sz]e|apologies|glad|happy to|pleased|welcome|"
    "appreciate|appreciated|feel free|hope this helps|good luck|best wishes|kind regards"
)

PLEASANT_OPENING: Final = (
    r"(?i)\A[\s*_#>\"'“]*(?:sure|certainly|of course|absolutely|great question|good question|"
    r"thank you|thanks|hello|hi|hey|dear|i['’]d be happy|i would be happy|i['’]m happy|"
    r"happy to help|glad you|no problem|definitely)\b"
)

CONNECTIVES: Final = (
    "however|therefore|moreover|furthermore|because|although|though|consequently|thus|hence|"
    "nevertheless|whereas|on the other hand|in contrast|as a result|in addition|additionally|"
    "instead|otherwise|meanwhile|firstly|secondly|finally"
)

EXAMPLES: Final = r"for example|for instance|such as|e\.?g|to illustrate|an example"

AI_MENTIONS: Final = (
    "an? (?:ai|artificial intelligence)(?: (?:language )?(?:model|assistant))?|"
    "(?:large )?language model|ai (?:assistant|chatbot)"
)
