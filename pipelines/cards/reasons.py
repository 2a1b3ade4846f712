"""What the names in a build's counts mean: stages, and the rules by which records are left out."""

from __future__ import annotations

from typing import Final

#: Stages in the order in which records pass them.
STAGES: Final = {
    "sources": "Reading the corpora",
    "scope": "Scope",
    "admit": "Pairs that a criterion asks about",
    "sampling": "Sample",
    "media": "Media",
    "decontamination": "Items of benchmarks",
    "dedup": "Duplicates and contradictions",
    "relabel": "Criteria",
    "quality": "Rules about rows",
    "trim": "Trim to the target",
}
_RULES: Final = {
    "beyond_reserve": "not drawn: the sample, with its reserve, was full",
    "beyond_target": "sound, but the target was reached",
    "not_asked_about": "the published set has no criterion about it",
    "not_needed": "not asked about: enough rows had their criterion",
    "out_of_scope": "its media lie beyond the part of the archive that was read",
    "tie": "the corpus prefers neither",
    "duplicate_exact": "equal to another pair",
    "duplicate_near": "near-equal in text to another pair",
    "duplicate_perceptual": "looks or sounds like another pair",
    "contradiction": "the same pair with opposite labels",
    "bridges_split": "would have tied held-out rows to training rows",
    "prompt_text": "its prompt is that of a benchmark item",
    "response_text": "a response is that of a benchmark item",
    "response_medium": "a response's medium is that of a benchmark item",
    "prompt_medium": "its prompt's medium is that of a benchmark item",
    "prompt_medium_and_text": "prompt and its medium are those of a benchmark item",
    "alike_in_all_that_is_measured": "no measured difference that a person would notice",
    "source_left_out": "from a part of the corpus that the recipe leaves out",
    "repeated_record": "the corpus holds the record twice",
    "reversed_twin": "the corpus holds the same pair with its sides exchanged",
    "meaningless_prompt": "annotators called the prompt meaningless",
    "citation_artefact": "a response holds marks of a citation tool",
    "image2shape": "its prompt is a picture, which this task does not have",
    "identical_responses": "both responses are the same content",
    "media_missing": "a medium is not where the corpus says",
    "published_unmatched": "a published row that fits no pair of the corpus",
    "published_ambiguous_side": "a published row whose chosen side cannot be told, as both fit",
    "published_no_prompt": "a published row whose prompt is not in the corpus",
    "image_undecodable": "a picture that does not decode to its end",
    "known_corrupt_image": "a picture that the corpus itself calls corrupt",
    "video_undecodable": "a clip that does not decode to its end",
    "audio_undecodable": "a sound that does not decode to its end",
    "media_too_large": "a medium larger than the recipe takes",
    "media_ambiguous": "several media fit what the record names",
    "missing_field": "the record lacks a field that the corpus promises",
    "malformed_votes": "its votes are not as the corpus promises",
    "malformed_path": "the path of a medium is not as the corpus promises",
    "malformed_images": "its list of pictures is not as the corpus promises",
    "label_not_one_hot": "its labels do not say of exactly one response that it is better",
    "prompts_differ": "its two responses answer different prompts",
    "last_turn_not_assistant": "a conversation that does not end with a response",
    "no_prompt": "the record has no prompt",
    "empty_prompt": "the prompt has no text of a user and no media",
    "empty_response": "a response has no text",
    "unknown_role": "a turn of a role that is not known, or the last is not the user's",
    "missing_prompt_medium": "the prompt lacks a medium that its task requires",
    "missing_response": "a response is empty or of another kind",
    "equal_responses": "both responses are the same",
    "control_characters": "a text holds control characters",
    "replacement_characters": "a text that was read in a wrong encoding",
    "prompt_too_long": "the prompt is longer than the recipe takes",
    "response_too_long": "a response is longer than the recipe takes",
    "over_budget": "the budget for models was spent",
    "no_consensus": "the judges did not confirm a criterion",
    "no_votes": "no judge had a vote",
}


def stage_title(stage: str) -> str:
    """A stage's name for a person."""
    return STAGES.get(stage, stage)


def why(reason: str) -> str:
    """A reason code in words; empty where they would only repeat it."""
    return _RULES.get(reason, "")


def told_in_words() -> frozenset[str]:
    """All reasons that there are words for, whether a dataset has letters of them or not."""
    return frozenset(_RULES)


def stage_order(stage: str) -> tuple[int, str]:
    """A stage's place among the stages."""
    names = list(STAGES)
    return (names.index(stage) if stage in names else len(names), stage)
