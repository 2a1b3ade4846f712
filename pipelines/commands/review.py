"""Commands of the check by a person: audit sample, audit score."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import err, fail, out
from pipelines.commands.options import LocalOutputOption, SubsetOption
from pipelines.commands.places import local_path


def sample(
    output: LocalOutputOption = Path("dataset"),
    subset: SubsetOption = None,
    rows: Annotated[int, typer.Option(min=1, max=500, help="Pairs on the sheet.")] = 50,
    seed: Annotated[str, typer.Option(help="Another one chooses other pairs.")] = "review",
    to: Annotated[
        Path, typer.Option(parser=local_path, metavar="FILE", help="The HTML file to write.")
    ] = Path("review.html"),
) -> None:
    """Write a sheet of pairs for a person to judge, blind to the labels of the dataset."""
    from pipelines.gallery.review import review_sheet
    from pipelines.sizes import size_of

    with err.status("reading", spinner="dots") as status:
        text = review_sheet(output, rows, subset or (), seed, told=status.update)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8", newline="\n")
    out.print(
        f"wrote {to} ({size_of(to.stat().st_size)}): open it in a browser, answer, save, then run\n"
        f"omnireward audit score review-….json --output {output}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def score(
    answers: Annotated[Path, typer.Argument(help="The JSON file that the sheet saved.")],
    output: LocalOutputOption = Path("dataset"),
) -> None:
    """Hold the answers of a review sheet against the dataset; the report shows the result."""
    from pipelines.gallery.answers import read_answers, score_answers, write_review
    from pipelines.gallery.review_view import review_view
    from transforms.quality.review import AnswerError

    try:
        review = score_answers(output, read_answers(answers))
    except AnswerError as error:
        fail(f"{answers}: {error}", 3)
    path = write_review(output, review)
    out.print(review_view(review))
    if not review["same_build"]:
        err.print("The sheet is of another build of this dataset.", style="yellow")
    out.print(f"wrote {path}", highlight=False, soft_wrap=True, markup=False)
