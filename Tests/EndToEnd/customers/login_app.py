"""What every application with accounts has: users, a login page, a session, a way out."""

import os
import time
import uuid

import jwt
from flask import Flask, redirect, render_template_string, request, session

PORTAL = os.environ["PORTAL"]
API_SECRET = os.environ["API_SECRET"]
ELSEWHERE = "https://evil.example/"

USERS = {
    "ada": {"id": 1, "email": "ada@customer.test", "name": "Ada Lovelace"},
    "grace": {"id": 2, "email": "grace@customer.test", "name": "Grace Hopper"},
    "zoe": {"id": 3, "email": "zoe@customer.test", "name": 'Zoë "Zed" O’Brien <b>'},
    "eve": {"id": 4, "email": "eve@customer.test", "name": "Eve"},
}

LOGIN_PAGE = """<!doctype html>
<html lang="en"><title>Customer: log in</title>
<form method="post">
  <label>User <input name="user" autofocus required></label>
  <label>Fault <select name="fault">
    {% for fault in ["", "wrong-secret", "decoded-secret", "expired", "replay", "hostile-return"] -%}
    <option>{{ fault }}</option>
    {%- endfor %}
  </select></label>
  <button>Log in</button>
  {% if failed %}<p role="alert">There is no such user.</p>{% endif %}
</form></html>"""

HOME_PAGE = """<!doctype html>
<html lang="en"><title>Customer</title>
<p id="who">{{ user or "Nobody" }}</p>
<a href="/login">Log in</a> <a href="/logout">Log out</a></html>"""

LOGGED_OUT_PAGE = """<!doctype html>
<html lang="en"><title>Customer: logged out</title>
<p id="logged-out">You are logged out.</p> <a href="/login">Log in</a>
{{ more | safe }}</html>"""


def login_app(vendor, *, claims, send_back, logged_out=""):
    """An application that signs users in to one vendor's portal.

    `claims(user)` are the vendor's names for a user, `send_back(token, hostile)` is the response that brings the
    browser back to the portal, `logged_out` is HTML for the page after logging out.
    """
    app = Flask(vendor)
    app.secret_key = os.urandom(32)
    app.config["SESSION_COOKIE_NAME"] = f"{vendor}_customer"
    last_tokens = {}

    def sign(name, fault):
        if fault == "replay" and name in last_tokens:
            return last_tokens[name]
        now = int(time.time())
        issued = now - 7200 if fault == "expired" else now
        content = claims(USERS[name]) | {"iat": issued, "exp": issued + 3600, "jti": uuid.uuid4().hex}
        if fault == "expired" and "expires" in content:
            content["expires"] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(issued + 3600))
        key = {"wrong-secret": "f" * 64, "decoded-secret": bytes.fromhex(API_SECRET)}.get(fault, API_SECRET)
        last_tokens[name] = jwt.encode(content, key, algorithm="HS256")
        return last_tokens[name]

    def back_to_portal(name, fault):
        response = app.make_response(send_back(sign(name, fault), fault == "hostile-return"))
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/")
    def home():
        return render_template_string(HOME_PAGE, user=session.get("user"))

    @app.route("/login", methods=["GET", "POST"])
    def login():
        if request.method == "GET" and "user" in session:
            return back_to_portal(session["user"], request.args.get("fault", ""))
        if request.method == "GET":
            return render_template_string(LOGIN_PAGE)
        name = request.form["user"].strip().lower()
        if name not in USERS:
            return render_template_string(LOGIN_PAGE, failed=True), 401
        session["user"] = name
        return back_to_portal(name, request.form.get("fault") or request.args.get("fault", ""))

    @app.get("/logout")
    def logout():
        session.clear()
        return render_template_string(LOGGED_OUT_PAGE, more=logged_out)

    return app


def is_portal(url):
    """Whether an address is the portal's: a token must go nowhere else."""
    return url == PORTAL or url.startswith((PORTAL + "/", PORTAL + "?"))


def refuse():
    return "This isn't an address of our portal.", 400


def serve(app):
    app.run(host="127.0.0.1", port=int(os.environ["PORT"]), threaded=True)


__all__ = ["ELSEWHERE", "PORTAL", "is_portal", "login_app", "redirect", "refuse", "request", "serve"]
