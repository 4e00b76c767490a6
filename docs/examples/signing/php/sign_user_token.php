<?php
// The secret exactly as it was shown: text. Not hex2bin($secret).
$secret = getenv('API_SECRET');

function segment(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

function userHash(string $id, string $secret): string
{
    return hash_hmac('sha256', $id, $secret);
}

function userToken(array $user, string $secret): string
{
    $now = time(); // seconds
    $claims = [
        'id' => $user['id'],
        'email' => $user['email'],
        'name' => $user['name'],
        'user_hash' => userHash($user['id'], $secret), // only where your organization asks for it
        'iat' => $now,
        'exp' => $now + 600, // ten minutes; never more than 3600
    ];
    $content = segment(json_encode(['alg' => 'HS256', 'typ' => 'JWT']))
        . '.' . segment(json_encode($claims, JSON_THROW_ON_ERROR));
    // The last `true` asks for the bytes: base64url goes over them, not over their hexadecimal text.
    return $content . '.' . segment(hash_hmac('sha256', $content, $secret, true));
}

// In your application this is the user who is signed in, never what a browser says.
$user = ['id' => getenv('USER_ID'), 'email' => getenv('USER_EMAIL'), 'name' => getenv('USER_NAME')];
echo userToken($user, $secret), "\n";
echo userHash($user['id'], $secret), "\n";
