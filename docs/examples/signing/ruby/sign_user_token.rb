require "json"
require "openssl"

# The secret exactly as it was shown: text. Not [secret].pack("H*").
SECRET = ENV.fetch("API_SECRET")

def segment(bytes)
  [bytes].pack("m0").tr("+/", "-_").delete("=")
end

def user_hash(id)
  OpenSSL::HMAC.hexdigest("SHA256", SECRET, id.to_s)
end

def user_token(user)
  now = Time.now.to_i # seconds
  claims = {
    id: user[:id],
    email: user[:email],
    name: user[:name],
    user_hash: user_hash(user[:id]), # only where your organization asks for it
    iat: now,
    exp: now + 600, # ten minutes; never more than 3600
  }
  content = "#{segment(JSON.generate({ alg: "HS256", typ: "JWT" }))}.#{segment(JSON.generate(claims))}"
  "#{content}.#{segment(OpenSSL::HMAC.digest("SHA256", SECRET, content))}"
end

# In your application this is the user who is signed in, never what a browser says.
user = { id: ENV.fetch("USER_ID"), email: ENV.fetch("USER_EMAIL"), name: ENV.fetch("USER_NAME") }
puts user_token(user)
puts user_hash(user[:id])
