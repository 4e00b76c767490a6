import { createHmac } from 'node:crypto';

// The secret exactly as it was shown: text. Not Buffer.from(secret, 'hex').
const secret = process.env.API_SECRET;

const segment = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function userHash(id) {
    return createHmac('sha256', secret).update(String(id)).digest('hex');
}

function userToken(user) {
    const now = Math.floor(Date.now() / 1000); // seconds: Date.now() alone is milliseconds
    const claims = {
        id: user.id,
        email: user.email,
        name: user.name,
        user_hash: userHash(user.id), // only where your organization asks for it
        iat: now,
        exp: now + 600, // ten minutes; never more than 3600
    };
    const content = `${segment({ alg: 'HS256', typ: 'JWT' })}.${segment(claims)}`;
    return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

// In your application this is the user who is signed in, never what a browser says.
const user = { id: process.env.USER_ID, email: process.env.USER_EMAIL, name: process.env.USER_NAME };
console.log(userToken(user));
console.log(userHash(user.id));
