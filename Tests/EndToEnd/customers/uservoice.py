"""A customer of UserVoice: the portal's address is known, and it asks with `uv_login` and `return`."""

import time
from urllib.parse import quote, urlencode

from login_app import ELSEWHERE, PORTAL, login_app, redirect, refuse, request, serve


def claims(user):
    return {
        "guid": str(user["id"]),
        "email": user["email"],
        "display_name": user["name"],
        "locale": "en",
        "expires": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 600)),
    }


def send_back(token, hostile):
    if request.args.get("uv_login") != "1" or not request.args.get("return", "").startswith("/"):
        return refuse()
    more = "&" + urlencode({"return": ELSEWHERE}) if hostile else ""
    return redirect(PORTAL + request.args["return"] + "?sso=" + quote(token) + more)


serve(login_app("uservoice", claims=claims, send_back=send_back,
                logged_out=f'<script src="{PORTAL}/logout.js"></script>'))
