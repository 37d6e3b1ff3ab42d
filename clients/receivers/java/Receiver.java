import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Receives webhooks with the JDK alone. */
public final class Receiver {
    private static final long TOLERANCE_SECONDS = 300;
    private static final int BODY_MAX_BYTES = 1 << 20;
    private static final int IDS_MAX = 10_000;

    /** Not from Tidings, or not as it was sent. The message is the reason. */
    private static final class Refused extends Exception {
        Refused(String reason) {
            super(reason);
        }
    }

    private final String[] secrets;
    /** In your receiver a table of your database, with the id as its key. */
    private final Set<String> seen = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > IDS_MAX;
        }
    }));

    private Receiver(String[] secrets) {
        this.secrets = secrets;
    }

    private void verify(Headers headers, byte[] body) throws Refused, GeneralSecurityException {
        String id = textOf(headers.getFirst("webhook-id"));
        String timestamp = textOf(headers.getFirst("webhook-timestamp"));
        String signatures = textOf(headers.getFirst("webhook-signature"));
        if (id.isEmpty() || timestamp.isEmpty() || signatures.isEmpty()) throw new Refused("missing_header");
        // An id has no dot and no brace: what was signed can be cut into id, time and body in one way only.
        if (!id.matches("[A-Za-z0-9_-]{1,255}")) throw new Refused("invalid_header");
        if (!timestamp.matches("[0-9]{1,12}")) throw new Refused("invalid_header");
        long ageSeconds = System.currentTimeMillis() / 1000 - Long.parseLong(timestamp);
        if (ageSeconds > TOLERANCE_SECONDS) throw new Refused("timestamp_too_old");
        if (ageSeconds < -TOLERANCE_SECONDS) throw new Refused("timestamp_too_new");
        if (signatures.length() > 1024) throw new Refused("invalid_header");
        for (String secret : secrets) {
            Mac mac = Mac.getInstance("HmacSHA256");
            // The key is the secret's own bytes, nothing decoded.
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
            mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
            String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
            for (String given : signatures.split(" ")) {
                // Not equals, of which the time tells how much is right.
                if (MessageDigest.isEqual(bytesOf(given), bytesOf(expected))) return;
            }
        }
        throw new Refused("signature_mismatch");
    }

    private void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.sendResponseHeaders(statusOf(exchange), -1);
        }
    }

    private int statusOf(HttpExchange exchange) throws IOException {
        if (!exchange.getRequestMethod().equals("POST")) return 405;
        byte[] body = exchange.getRequestBody().readNBytes(BODY_MAX_BYTES + 1);
        if (body.length > BODY_MAX_BYTES) return refuse(413, "body_too_long");
        try {
            verify(exchange.getRequestHeaders(), body);
        } catch (Refused refused) {
            return refuse(401, refused.getMessage());
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException(error);
        }
        String id = exchange.getRequestHeaders().getFirst("webhook-id");
        if (!seen.add(id)) {
            System.out.println("duplicate " + id);
            return 204;
        }
        try {
            handle(body);
        } catch (RuntimeException error) {
            seen.remove(id);
            System.out.println("failed: " + error);
            return 500;
        }
        return 204;
    }

    /** Here goes your work: store the event, in one transaction with its id. What it throws lets the event come again. */
    private static void handle(byte[] body) {
        System.out.println("accepted " + new String(body, StandardCharsets.UTF_8));
    }

    /** Says why to you alone: the answer does not. */
    private static int refuse(int status, String reason) {
        System.out.println("refused: " + reason);
        return status;
    }

    private static String textOf(String header) {
        return header == null ? "" : header;
    }

    private static byte[] bytesOf(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    public static void main(String[] arguments) throws IOException {
        // In UTF-8, whatever the locale is.
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
        // Several, with a comma between, while a secret is replaced.
        String[] secrets = textOf(System.getenv("WEBHOOK_SECRET")).split(",", -1);
        for (String secret : secrets) {
            if (secret.isEmpty()) {
                System.err.println("WEBHOOK_SECRET has to hold the webhook's secret");
                System.exit(1);
            }
        }
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "4002"));
        // Seconds in which a request has to arrive.
        System.setProperty("sun.net.httpserver.maxReqTime", "30");
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/", new Receiver(secrets)::receive);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        System.out.println("listening on http://localhost:" + port);
    }
}
