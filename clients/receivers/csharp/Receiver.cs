using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

/// <summary>Receives webhooks with the class library of .NET or Mono alone.</summary>
public sealed class Receiver
{
    private const long ToleranceSeconds = 300;
    private const int BodyMaxBytes = 1 << 20;
    private const int IdsMax = 10000;

    /// <summary>Not from Tidings, or not as it was sent. The message is the reason.</summary>
    private sealed class RefusedException : Exception
    {
        public RefusedException(string reason) : base(reason) { }
    }

    private readonly string[] secrets;
    // In your receiver a table of your database, with the id as its key.
    private readonly HashSet<string> seen = new HashSet<string>();
    private readonly Queue<string> ids = new Queue<string>();

    private Receiver(string[] secrets)
    {
        this.secrets = secrets;
    }

    private void Verify(System.Collections.Specialized.NameValueCollection headers, byte[] body)
    {
        string id = headers["webhook-id"], timestamp = headers["webhook-timestamp"];
        string signatures = headers["webhook-signature"];
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(timestamp) || string.IsNullOrEmpty(signatures))
            throw new RefusedException("missing_header");
        // An id has no dot and no brace: what was signed can be cut into id, time and body in one way only.
        if (!Regex.IsMatch(id, @"\A[A-Za-z0-9_-]{1,255}\z") || !Regex.IsMatch(timestamp, @"\A[0-9]{1,12}\z"))
            throw new RefusedException("invalid_header");
        long ageSeconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - long.Parse(timestamp);
        if (ageSeconds > ToleranceSeconds) throw new RefusedException("timestamp_too_old");
        if (ageSeconds < -ToleranceSeconds) throw new RefusedException("timestamp_too_new");
        if (signatures.Length > 1024) throw new RefusedException("invalid_header");
        byte[] content = Encoding.ASCII.GetBytes(id + "." + timestamp + ".").Concat(body).ToArray();
        foreach (string secret in secrets)
        {
            // The key is the secret's own bytes, nothing decoded.
            using (var hmac = new HMACSHA256(Encoding.UTF8.GetBytes(secret)))
            {
                string expected = "v1," + Convert.ToBase64String(hmac.ComputeHash(content));
                if (signatures.Split(' ').Any(given => IsSame(given, expected))) return;
            }
        }
        throw new RefusedException("signature_mismatch");
    }

    /// <summary>Not ==, of which the time tells how much is right.</summary>
    private static bool IsSame(string given, string expected)
    {
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));
    }

    private bool IsNew(string id)
    {
        lock (seen)
        {
            if (!seen.Add(id)) return false;
            ids.Enqueue(id);
            if (ids.Count > IdsMax) seen.Remove(ids.Dequeue());
            return true;
        }
    }

    private void Forget(string id)
    {
        lock (seen) seen.Remove(id);
    }

    /// <summary>
    /// Here goes your work: store the event, in one transaction with its id. What it throws lets the event come again.
    /// </summary>
    private static void Handle(byte[] body)
    {
        Console.WriteLine("accepted " + Encoding.UTF8.GetString(body));
    }

    /// <returns>The status to answer with.</returns>
    private int Receive(HttpListenerRequest request)
    {
        if (request.HttpMethod != "POST") return 405;
        byte[] body = ReadBody(request.InputStream);
        if (body == null) return Refuse(413, "body_too_long");
        try
        {
            Verify(request.Headers, body);
        }
        catch (RefusedException refused)
        {
            return Refuse(401, refused.Message);
        }
        string id = request.Headers["webhook-id"];
        if (!IsNew(id))
        {
            Console.WriteLine("duplicate " + id);
            return 204;
        }
        try
        {
            Handle(body);
        }
        catch (Exception error)
        {
            Forget(id);
            Console.WriteLine("failed: " + error.Message);
            return 500;
        }
        return 204;
    }

    /// <summary>Says why to you alone: the answer does not.</summary>
    private static int Refuse(int status, string reason)
    {
        Console.WriteLine("refused: " + reason);
        return status;
    }

    /// <returns>null when it is longer than it may be.</returns>
    private static byte[] ReadBody(Stream stream)
    {
        var body = new MemoryStream();
        var buffer = new byte[8192];
        for (int count; (count = stream.Read(buffer, 0, buffer.Length)) > 0;)
        {
            body.Write(buffer, 0, count);
            if (body.Length > BodyMaxBytes) return null;
        }
        return body.ToArray();
    }

    private void Answer(HttpListenerContext context)
    {
        try
        {
            context.Response.StatusCode = Receive(context.Request);
            context.Response.Close();
        }
        catch (Exception error)
        {
            Console.Error.WriteLine(error.Message);
            context.Response.Abort();
        }
    }

    public static int Main()
    {
        // In UTF-8, whatever the locale is.
        Console.OutputEncoding = new UTF8Encoding(false);
        // Several, with a comma between, while a secret is replaced.
        string[] secrets = (Environment.GetEnvironmentVariable("WEBHOOK_SECRET") ?? "").Split(',');
        if (secrets.Any(secret => secret == ""))
        {
            Console.Error.WriteLine("WEBHOOK_SECRET has to hold the webhook's secret");
            return 1;
        }
        string port = Environment.GetEnvironmentVariable("PORT") ?? "4002";
        var receiver = new Receiver(secrets);
        var listener = new HttpListener();
        listener.Prefixes.Add("http://localhost:" + port + "/");
        listener.Prefixes.Add("http://127.0.0.1:" + port + "/");
        listener.Start();
        Console.WriteLine("listening on http://localhost:" + port);
        while (true)
        {
            HttpListenerContext context = listener.GetContext();
            Task.Run(() => receiver.Answer(context));
        }
    }
}
