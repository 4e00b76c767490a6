import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class SignUserToken {
    // The secret exactly as it was shown: text. Not HexFormat.of().parseHex(secret).
    private static final byte[] SECRET = System.getenv("API_SECRET").getBytes(UTF_8);

    record User(String id, String email, String name) {}

    static String userHash(String id) throws GeneralSecurityException {
        return HexFormat.of().formatHex(authenticate(id));
    }

    static String userToken(User user) throws GeneralSecurityException {
        long now = Instant.now().getEpochSecond(); // seconds: currentTimeMillis() would be milliseconds
        String claims = "{"
            + "\"id\":" + quoted(user.id())
            + ",\"email\":" + quoted(user.email())
            + ",\"name\":" + quoted(user.name())
            + ",\"user_hash\":" + quoted(userHash(user.id())) // only where your organization asks for it
            + ",\"iat\":" + now
            + ",\"exp\":" + (now + 600) // ten minutes; never more than 3600
            + "}";
        String content = segment("{\"alg\":\"HS256\",\"typ\":\"JWT\"}".getBytes(UTF_8))
            + "." + segment(claims.getBytes(UTF_8));
        return content + "." + segment(authenticate(content));
    }

    private static byte[] authenticate(String message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET, "HmacSHA256"));
        return mac.doFinal(message.getBytes(UTF_8));
    }

    private static String segment(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    // A JSON string. If your project has a JSON library, have it write the claims instead.
    private static String quoted(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char character : text.toCharArray()) {
            if (character == '"' || character == '\\') {
                json.append('\\').append(character);
            } else if (character < ' ') {
                json.append(String.format("\\u%04x", (int) character));
            } else {
                json.append(character);
            }
        }
        return json.append('"').toString();
    }

    public static void main(String[] arguments) throws GeneralSecurityException {
        // In your application this is the user who is signed in, never what a browser says.
        User user = new User(System.getenv("USER_ID"), System.getenv("USER_EMAIL"), System.getenv("USER_NAME"));
        System.out.println(userToken(user));
        System.out.println(userHash(user.id()));
    }
}
