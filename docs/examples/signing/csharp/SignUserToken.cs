using System;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

// The secret exactly as it was shown: text. Not Convert.FromHexString(secret).
byte[] secret = Encoding.UTF8.GetBytes(Environment.GetEnvironmentVariable("API_SECRET")!);

byte[] Authenticate(string message) => HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(message));

string Segment(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

string UserHash(string id) => Convert.ToHexString(Authenticate(id)).ToLowerInvariant();

string UserToken(string id, string email, string name)
{
    long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds(); // not ToUnixTimeMilliseconds
    var header = new JsonObject { ["alg"] = "HS256", ["typ"] = "JWT" };
    var claims = new JsonObject
    {
        ["id"] = id,
        ["email"] = email,
        ["name"] = name,
        ["user_hash"] = UserHash(id), // only where your organization asks for it
        ["iat"] = now,
        ["exp"] = now + 600, // ten minutes; never more than 3600
    };
    string content = Segment(Encoding.UTF8.GetBytes(header.ToJsonString()))
        + "." + Segment(Encoding.UTF8.GetBytes(claims.ToJsonString()));
    return content + "." + Segment(Authenticate(content));
}

// In your application this is the user who is signed in, never what a browser says.
string userId = Environment.GetEnvironmentVariable("USER_ID")!;
string userEmail = Environment.GetEnvironmentVariable("USER_EMAIL")!;
string userName = Environment.GetEnvironmentVariable("USER_NAME")!;
Console.WriteLine(UserToken(userId, userEmail, userName));
Console.WriteLine(UserHash(userId));
