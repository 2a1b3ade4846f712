"""A program: takes every row of an export through TRL's own checks. Prints counts, as JSON."""

from __future__ import annotations

import json
import sys

from datasets import get_dataset_config_names, load_dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast
from trl.data_utils import (
    is_conversational,
    maybe_apply_chat_template,
    maybe_extract_prompt,
    prepare_multimodal_messages,
)

_TEMPLATE = (
    "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}[end]{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def main(folder: str) -> None:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel({"?": 0}, unk_token="?"))
    )
    tokenizer.chat_template = _TEMPLATE
    said = {}
    for name in get_dataset_config_names(folder):
        counts = said.setdefault(name, {"rows": 0, "pictures": 0, "systems": 0})
        for row in load_dataset(folder, name, split="train"):
            assert is_conversational(row)
            pair = maybe_extract_prompt({key: row[key] for key in row if key != "images"})
            assert [turn["role"] for turn in pair["chosen"]] == ["assistant"]
            assert [turn["role"] for turn in pair["rejected"]] == ["assistant"]
            assert pair["prompt"][-1]["role"] == "user"
            text = maybe_apply_chat_template(dict(pair), tokenizer)
            assert text["chosen"] == f"{pair['chosen'][0]['content']}[end]"
            assert text["prompt"].endswith("[assistant]")
            images = row.get("images") or []
            messages = prepare_multimodal_messages(pair["prompt"], images)
            parts = [part for message in messages for part in message["content"]]
            assert sum(part["type"] == "image" for part in parts) == len(images)
            counts["rows"] += 1
            counts["pictures"] += len(images)
            counts["systems"] += pair["prompt"][0]["role"] == "system"
    sys.stdout.write(json.dumps(said))


main(sys.argv[1])
