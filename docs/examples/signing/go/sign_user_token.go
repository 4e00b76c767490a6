package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// The secret exactly as it was shown: text. Not hex.DecodeString(secret).
var secret = []byte(os.Getenv("API_SECRET"))

type User struct{ ID, Email, Name string }

func authenticate(message string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(message))
	return mac.Sum(nil)
}

func userHash(id string) string {
	return hex.EncodeToString(authenticate(id))
}

func userToken(user User) (string, error) {
	now := time.Now().Unix() // seconds: UnixMilli() would be milliseconds
	claims, err := json.Marshal(map[string]any{
		"id":        user.ID,
		"email":     user.Email,
		"name":      user.Name,
		"user_hash": userHash(user.ID), // only where your organization asks for it
		"iat":       now,
		"exp":       now + 600, // ten minutes; never more than 3600
	})
	if err != nil {
		return "", err
	}
	segment := base64.RawURLEncoding.EncodeToString
	content := segment([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + segment(claims)
	return content + "." + segment(authenticate(content)), nil
}

func main() {
	// In your application this is the user who is signed in, never what a browser says.
	user := User{ID: os.Getenv("USER_ID"), Email: os.Getenv("USER_EMAIL"), Name: os.Getenv("USER_NAME")}
	token, err := userToken(user)
	if err != nil {
		panic(err)
	}
	fmt.Println(token)
	fmt.Println(userHash(user.ID))
}
