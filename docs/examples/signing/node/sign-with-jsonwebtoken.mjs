import { createHmac } from 'node:crypto';
import jwt from 'jsonwebtoken';

// The secret exactly as it was shown: text. Not Buffer.from(secret, 'hex').
const secret = process.env.API_SECRET;

function userHash(id) {
    return createHmac('sha256', secret).update(String(id)).digest('hex');
}

function userToken(user) {
    const claims = {
        id: user.id,
        email: user.email,
        name: user.name,
        user_hash: userHash(user.id), // only where your organization asks for it
    };
    // `expiresIn` as a number is seconds, never more than 3600; as a text without a unit it would be milliseconds.
    return jwt.sign(claims, secret, { algorithm: 'HS256', expiresIn: 600 });
}

// In your application this is the user who is signed in, never what a browser says.
const user = { id: process.env.USER_ID, email: process.env.USER_EMAIL, name: process.env.USER_NAME };
console.log(userToken(user));
console.log(userHash(user.id));
