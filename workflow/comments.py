"""Break comments of Python code that are longer than a line may be."""

import io
import textwrap
import tokenize

KEPT = ("# noqa", "# type:", "# fmt:", "#!")


def wrap_comments(code: str, width: int) -> str:
    """Returns the code with long comments broken; one behind code goes above its line.

    Code that Python does not tokenize (magics of IPython) stays as it is.
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return code
    comments = {token.start[0]: token for token in tokens if token.type == tokenize.COMMENT}
    inside = {
        row for t in tokens if t.type == tokenize.STRING for row in range(t.start[0], t.end[0])
    }
    lines = []
    for row, line in enumerate(code.split("\n"), 1):
        comment = comments.get(row)
        if len(line) <= width or comment is None or comment.string.startswith(KEPT):
            lines.append(line)
            continue
        before = line[: comment.start[1]].rstrip()
        if before and (row - 1 in inside or before.lstrip().startswith((")", "]", "}"))):
            lines.append(line)
            continue
        indent = line[: len(line) - len(line.lstrip())]
        words = comment.string.lstrip("#").strip()
        lines += textwrap.wrap(  # a name with hyphens stays whole
            words,
            width,
            initial_indent=f"{indent}# ",
            subsequent_indent=f"{indent}# ",
            break_on_hyphens=False,
        )
        lines += [before] if before else []
    return "\n".join(lines)
