"""A customer of ProductBridge: the portal says where to come back to, and what to say there."""

from urllib.parse import urlencode

from login_app import ELSEWHERE, is_portal, login_app, redirect, refuse, request, serve


def claims(user):
    return {
        "id": str(user["id"]),
        "email": user["email"],
        "name": user["name"],
        "company_name": "Customer Ltd",
        "customer_status": "active",
    }


def send_back(token, hostile):
    callback = request.args.get("redirect", "")
    if not is_portal(callback):
        return refuse()
    answer = {"ssoToken": token, "organizationId": request.args["organizationId"]}
    if hostile:
        answer["returnTo"] = ELSEWHERE
    elif "returnTo" in request.args:
        answer["returnTo"] = request.args["returnTo"]
    return redirect(f"{callback}?{urlencode(answer)}")


serve(login_app("productbridge", claims=claims, send_back=send_back))
