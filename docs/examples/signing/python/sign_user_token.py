import hashlib
import hmac
import os
import time

import jwt  # PyJWT: pip install PyJWT

# The secret exactly as it was shown: text. Not bytes.fromhex(secret).
secret = os.environ["API_SECRET"]


def user_hash(user_id):
    return hmac.new(secret.encode(), str(user_id).encode(), hashlib.sha256).hexdigest()


def user_token(user):
    now = int(time.time())  # seconds
    claims = {
        "id": user["id"],
        "email": user["email"],
        "name": user["name"],
        "user_hash": user_hash(user["id"]),  # only where your organization asks for it
        "iat": now,
        "exp": now + 600,  # ten minutes; never more than 3600
    }
    return jwt.encode(claims, secret, algorithm="HS256")


# In your application this is the user who is signed in, never what a browser says.
user = {"id": os.environ["USER_ID"], "email": os.environ["USER_EMAIL"], "name": os.environ["USER_NAME"]}
print(user_token(user))
print(user_hash(user["id"]))
