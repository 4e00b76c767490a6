"""A small portal behind the gateway: pages that say who is there, and ideas that are filed under that name."""

import sys
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote

sys.path.append(str(Path(__file__).resolve().parents[1] / "EndToEnd"))

from harness.portal import START  # noqa: E402
from harness.upstream import Exchange, RecordingUpstream  # noqa: E402

PAGE = """<!doctype html>
<html lang="en"><meta name="viewport" content="width=device-width">
<title>Portal</title>
<h1>{path}</h1>
<p>You are <strong id="who">{who}</strong>.</p>
<a id="sign-in" href="{start}">Sign in</a>
<form method="post" action="/_widget/logout"><button>Sign out</button></form>
<form method="post" action="/posts"><label>Your idea <input name="text" required></label><button>Post</button></form>
<ol id="posts">{posts}</ol></html>"""


class PortalPages:
    """Believes what the gateway's headers say, and nothing else."""

    def __init__(self):
        self.upstream = RecordingUpstream()
        self.url = self.upstream.url
        self.posts: list[tuple[str, str]] = []
        for path in ("/", "/ideas", "/roadmap"):
            self.upstream.on(path, self._page)
        self.upstream.on("/posts", self._post)

    def close(self) -> None:
        self.upstream.close()

    def saw(self, text: str) -> bool:
        """Whether a text reached the portal's server in any request."""
        return any(text.encode() in exchange.head + exchange.body for exchange in self.upstream.exchanges)

    def _page(self, exchange: Exchange) -> None:
        posts = "".join(f"<li>{escape(text)}, by {escape(author)}</li>" for author, text in self.posts)
        body = PAGE.format(
            path=escape(exchange.path), who=escape(author_of(exchange)), posts=posts,
            start=escape(f"{START}?return_to={quote(exchange.target, safe='')}"))
        exchange.reply(body.encode(), headers=["Content-Type: text/html; charset=utf-8", "Cache-Control: no-store"])

    def _post(self, exchange: Exchange) -> None:
        self.posts.append((author_of(exchange), parse_qs(exchange.body.decode())["text"][0]))
        exchange.reply(status="303 See Other", headers=["Location: /ideas"])


def author_of(exchange: Exchange) -> str:
    return unquote(exchange.value("x-widget-user-name") or "Nobody")
