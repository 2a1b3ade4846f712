"""English words and phrases that attributes of texts count, as alternatives of a pattern."""

from __future__ import annotations

from typing import Final

FUNCTION_WORDS: Final = (
    "the|of|and|to|a|an|in|is|that|it|for|on|with|as|are|this|be|you|or|was|by|at|from|have|not|but"
)

#: Where a sentence begins.
_BEGINNING: Final = r"(?:\A|[.!?…]['\"”’)*_]*\s+|\n\s*)[*_(“\"]*"

#: May is a month unless it asks or wishes; might that somebody has is strength.
HEDGES: Final = (
    r"(?i:\b(?:perhaps|maybe|possibly|probably|might|could|likely|unlikely|apparently|seems?|seemed|"
    r"appears?|suggests?|somewhat|roughly|approximately|generally|usually|typically|often|sometimes|"
    r"in some cases|tends? to|it depends)\b)|\bmay\b|"
    rf"{_BEGINNING}May (?:I|you|we|they|he|she|it|there|your)\b"
)
STRENGTH: Final = r"(?i)\b(?:the|his|her|its|their|our|my|your|military|economic) might\b"

ABSOLUTES: Final = (
    "always|never|must|definitely|certainly|absolutely|undoubtedly|clearly|obviously|completely|"
    "entirely|guaranteed?|without (?:a )?doubt|every single|impossible"
)

CONTRACTIONS: Final = (
    r"(?i)\b\p{L}+(?:n['’]t|['’](?:re|ve|ll|d|m))\b|"
    r"\b(?:it|that|there|what|where|here|let|he|she|who|how)['’]s\b"
)

#: The pronoun I is a capital and a word follows, or a mark: "I/O", "I-95", "I." and "I =" are
#: none. US is a country and ME an illness; a mine is a pit, unless it is of mine or is mine.
FIRST_PERSON: Final = (
    r"\bI(?:['’](?:m|ve|ll|d)\b|\s+[\p{L}(“\"'*_]|[,!?;:…—\"”*_]|\z)|"
    r"\b(?:me|Me|my|My|MY|myself|Myself|we|We|WE|our|Our|OUR|ours|Ours|us)\b|"
    r"(?i:\b(?:of|is|are|was|were|be|than|like|as|not) mine\b)|"
    rf"{_BEGINNING}(?:Us\b|Mine (?:is|was|are|were)\b)"
)

_NUMBERED: Final = (
    "War|Part|Phase|Type|Class|Chapter|Section|Article|Volume|Book|Act|Scene|Title|Grade|Stage|"
    "Level|Tier|Category|Group|Appendix|Annex|Figure|Table|Unit|Schedule|Division|Mark|Algebra|"
    "Calculus|Factor|Complex|Region|Study|Experiment|Symphony|Apollo|Saturn|Vatican"
)
_RULERS: Final = (
    "Henry|Elizabeth|James|Charles|George|Edward|William|Richard|Mary|Peter|Catherine|Nicholas|"
    "Alexander|Napoleon|Francis|Frederick|Philip|Ferdinand|Leopold|Wilhelm|Otto|Louis|Alfonso|Paul|"
    "Gregory|Leo|Darius|Xerxes|Artaxerxes|Ramses|Ramesses|Seti|Thutmose|Ptolemy|Seleucus|Antiochus|"
    "Justinian|Constantine|Theodosius|Valentinian|Selassie|Suleiman|Selim|Murad|Mehmed|Bayezid|"
    "Joseph|Isabella|Christian|Umberto|Emmanuel|Emanuele|Pedro|Maximilian|Rudolf|Albert|Baldwin|"
    "Malcolm|Robert|Carol|Ivan|John|Stephen|Charlemagne|Khosrow|Shapur|Amadeus|Victor"
)
#: The numeral I.
NUMERAL: Final = (
    rf"\b(?:{_NUMBERED}|{_RULERS})\s+I\b|"
    r"(?i:\b(?:type|class|phase|stage|grade|tier|part|level|category))\s+I\s+"
    r"(?:errors?|diabetes|trials?|clinical|stud(?:y|ies)|collagen|drugs?|cells?|cancers?|tumou?rs?|"
    r"disease|patients?|interferons?|hypersensitivity|devices?|recalls?|of|and|or)\b|"
    r"\bI(?:,|\s+(?:and|or|to|through|vs\.?)|\s*[&–-])\s*I[IV]+\b"
)

SECOND_PERSON: Final = "you|your|yours|yourself|yourselves"

COURTESIES: Final = (
    "please|thanks|thank you|sorry|apologi[sz]e|apologies|glad|happy to|pleased|welcome|"
    "appreciate|appreciated|feel free|hope this helps|good luck|best wishes|kind regards"
)

#: A friendly word ends at a mark, or goes on as an offer: "Hi-tech", "Hello World", "Absolutely
#: not" and "Thanks to" are none.
PLEASANT_OPENING: Final = (
    r"(?i)\A[\s*_#>]*(?:"
    r"(?:sure(?: thing)?|certainly|of course|absolutely|definitely|no problem|my pleasure|"
    r"(?:great|good|excellent|interesting) question|thank you(?: (?:so|very) much)?|"
    r"thanks(?: a lot)?|"
    r"(?:hello|hi|hey|greetings)(?: (?:there|again|everyone|everybody|all|friends?))?|"
    r"good (?:morning|afternoon|evening|day)|happy to help)(?:\s*[,!.…—*_]|\s+[–-]\s|[ \t]*\n|\z)|"
    r"(?:hello|hi|hey) (?-i:\p{Lu}\p{L}+)(?: (?-i:\p{Lu}\p{L}+))?[,!]|"
    r"(?:hello|hi|hey) there\b|"
    r"(?:sure|certainly|of course|absolutely),? (?:here\b|I can\b|I['’]|let me\b)|"
    r"thank(?:s| you) (?:so much |very much |a lot )?for\b|glad you\b|happy to (?:help|assist)\b|"
    r"(?:I['’]d|I would|I['’]ll) be (?:very |more than )?(?:happy|glad|delighted) to\b|"
    r"I(?:['’]m| am) (?:very |so |always )?(?:happy|glad|delighted) (?:to|you)\b)"
)
UNPLEASANT_OPENING: Final = (
    r"(?i)\A[\s*_#>]*(?:(?:sure|certainly|of course|absolutely|definitely)\s*[,.!…—–-]+\s*"
    r"(?:not|no|never|nothing)\b|hello,? world\b)"
)
#: Openings that one reader takes for a pleasantry and another for the answer.
DOUBTFUL_OPENING: Final = (
    r"(?i)\A[\s*_#>\"'“‘]*(?:yes|yep|yeah|ok|okay|alright|all right|got it|understood|dear|welcome|"
    r"I hope|I understand|I appreciate|what an?|that['’]s|wonderful|nice|congratulations|congrats|"
    r"(?:I(?:['’]m| am) (?:so |very |really )?)?sorry|I apologi[sz]e|(?:my )?apologies|"
    r"I(?:['’]d| would) (?:love|like)|I can (?:certainly |definitely |surely )?help|let me|"
    r"(?:sure|certainly|of course|absolutely|definitely) (?:I|you|we|he|she|it|they|there|that))\b|"
    r"\A[\s*_#>]*(?:great|good|excellent|awesome|fantastic|perfect|amazing|brilliant|happy|cool|wow)"
    r"(?: [\p{L}’']+)?\s*[!,.:]|"
    r"\A[\s*_#>]*[\"'“‘](?i:sure|certainly|of course|hello|hi|hey|thanks|thank you)\b"
)

CONNECTIVES: Final = (
    "however|therefore|moreover|furthermore|because|although|though|consequently|thus|hence|"
    "nevertheless|whereas|on the other hand|in contrast|as a result|in addition|additionally|"
    "instead|otherwise|meanwhile|firstly|secondly|finally"
)

EXAMPLES: Final = r"for example|for instance|such as|e\.?g|to illustrate|an example"

_AI: Final = (
    r"(?:(?:helpful|harmless|honest|friendly|mere|simple|humble|large|advanced|conversational|"
    r"virtual|text-based|open-source|machine[- ]learning|digital|trained|and),? )*"
    r"(?:(?:AI|artificial intelligence)(?:[- ]powered)?"
    r"(?: (?:language |chat ?)?(?:model|assistant|chatbot|bot|system|program|entity|tool))?|"
    r"language model|virtual assistant|chatbot)"
)
#: After it: an AI that goes on is an AI researcher's.
_AI_ENDS: Final = (
    r"(?:\s*[,.;:!?)…—*_]|\s+[–-]\s|\s*\n|\s*\z|\s+(?:and|so|but|that|which|who|whose|with|without|"
    r"developed|created|trained|made|built|designed|programmed|called|named|from|by|I|my|here|not|"
    r"rather|or|running|based|because)\b)"
)

#: "An AI language model (LLM) trained by ..."
_AN_AI: Final = (
    rf"(?:an?|your) {_AI}(?: \([^()\n]{{1,20}}\))?"
    r"(?: (?:developed|created|trained|made|built|designed)[^,.\n]*)?"
)

#: What says that the text itself comes from an AI; not what is about AI.
AI_MENTIONS: Final = (
    rf"(?i)\bI(?: am|['’]m)(?: (?:just|only|merely|simply|actually|really|also|still|but))? "
    rf"(?:an?|your|the) {_AI}{_AI_ENDS}|"
    # "As an AI language model, ChatGPT ..." is about another: a name has a capital.
    rf"{_BEGINNING}(?:as|being) {_AN_AI}(?:,\s+(?:and\s+)?(?-i:I\b|\p{{Ll}})|\s+I\b)|"
    # "I'm sorry, but as an AI language model, I can't": within a sentence who speaks must follow.
    rf"\b(?:as|being) {_AN_AI},?\s+(?-i:I|my)\b|"
    rf"\b(?:I|me),? as an? {_AI}{_AI_ENDS}|"
    r"\bmy (?:training data|knowledge cut-?\s?off|last (?:training|knowledge) update)\b|"
    r"\bI was (?:trained|developed|created|built|made|programmed|designed) by (?:OpenAI|Anthropic|"
    r"Google|Meta|Microsoft|Alibaba|DeepSeek|Mistral|LAION)\b|"
    r"\bI(?: am|['’]m) (?:ChatGPT|GPT-?\d|Open ?Assistant|Qwen|DeepSeek)\b|"
    r"\b(?:AIs?|language models?|AI (?:assistants?|models?|systems?)|chatbots?) (?:like|such as) "
    r"(?:me|myself)\b|"
    rf"\bthis (?:response|answer|text|message|reply) (?:is|was) "
    rf"(?:written|generated|produced|created) by (?:an? )?{_AI}\b"
)
#: What may say so, and may be about another: it stands in a sentence in which somebody speaks.
DOUBTFUL_AI: Final = (
    r"(?i)\b(?-i:I|[Mm]y|me|myself)\b[^.!?\n]*\b(?:as|being|like) (?:an?|any) "
    rf"{_AI}{_AI_ENDS}|"
    rf"\b(?:as|being) {_AN_AI}{_AI_ENDS}[^.!?\n]*\b(?-i:I|[Mm]y|me|myself|it)\b|"
    rf"\blike any {_AI}{_AI_ENDS}[^.!?\n]*\b(?-i:I|[Mm]y|me)\b|"
    r"\bI(?: am|['’]m) (?-i:Claude|Gemini|Bard|Bing|Copilot|Llama|Alexa|Siri|Assistant)\b|"
    r"\bI(?: am|['’]m)(?: (?-i:\p{Lu})\w+,| only| just)? an? (?:[\w-]+ ){0,3}"
    r"(?:computer program|machine|bot|robot|language model|neural network)\b"
)
