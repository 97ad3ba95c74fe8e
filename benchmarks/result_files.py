"""Files of a benchmark: its numbers, and a page of them."""

import json


def write_results(output, name, results, report) -> None:
    """Writes numbers and page side by side, and prints the page.

    Args:
        output: `pathlib.Path` of the folder, made where it is missing.
        name: String, of both files.
        results: Dictionary, for JSON.
        report: Callable of the results, that returns the page's Markdown.
    """
    output.mkdir(parents=True, exist_ok=True)
    numbers = json.dumps(results, indent=1, ensure_ascii=False)
    (output / f"{name}.json").write_text(f"{numbers}\n", encoding="utf-8")
    text = report(results)
    (output / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)
