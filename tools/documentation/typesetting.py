"""What Markdown cannot express: captions, and text that no line may break."""

import re

FIGURE = re.compile(r'<p><img alt="([^"]+)" src="([^"]+)" ?/?></p>')
CODE = re.compile(r"(?<!<pre>)(?<!</span>)<code>([^<]+)</code>")
OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
SMALL = re.compile(r"\b\d+(?:\.\d+)?e[-−+]\d+\b")
CELL = re.compile(r"(<td[^>]*>)([^<]+)(?=</td>)")


def set_in_type(html) -> str:
    """A page with captions below its figures, which are links to the pictures.

    Args:
        html: String, a page as Markdown rendered it.

    Returns:
        String, in which options and powers of ten are not broken at their hyphens, and
        listings of source are not searched.
    """
    html = FIGURE.sub(
        r'<figure><a href="\2"><img alt="\1" src="\2"></a>'
        r"<figcaption>\1</figcaption></figure>",
        html,
    )
    html = CODE.sub(lambda m: f"<code>{OPTION.sub(_whole, m[1])}</code>", html)
    html = CELL.sub(lambda m: m[1] + SMALL.sub(_whole, m[2]), html)
    return html.replace(
        '<details class="mkdocstrings-source"',
        '<details data-search-exclude class="mkdocstrings-source"',
    )


def _whole(found) -> str:
    return f'<span class="whole">{found[0]}</span>'
