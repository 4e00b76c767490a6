"""A customer of Sleekplan: the portal's page takes the token itself, in its address or from a form."""

import os
import re
from urllib.parse import urlencode

from flask import render_template_string

from login_app import is_portal, login_app, redirect, refuse, request, serve

FORM = """<!doctype html>
<html lang="en"><title>Customer: signing in</title>
<form method="post" action="{{ action }}">
  <input type="hidden" name="sso" value="{{ token }}">
  <button>Go on</button>
</form>
<script>document.forms[0].submit()</script></html>"""


def claims(user):
    return {
        "mail": user["email"],
        "id": user["id"],
        "name": re.sub(r"[^a-z0-9]", "", user["name"].lower()),
        "full_name": user["name"],
        "weight": "4",
        "meta": {"team": "research"},
    }


def send_back(token, hostile):
    page = request.args.get("return_to", "")
    if not is_portal(page):
        return refuse()
    if os.environ.get("ANSWER_BY") == "form":
        return render_template_string(FORM, action=page, token=token)
    return redirect(page + ("&" if "?" in page else "?") + urlencode({"sso": token}))


serve(login_app("sleekplan", claims=claims, send_back=send_back))
