# Receives webhooks with Ruby's openssl and WEBrick alone.
require "openssl"
require "webrick"

PORT = Integer(ENV.fetch("PORT", "4002"))
# Several, with a comma between, while a secret is replaced. The key is the secret's own bytes, nothing decoded.
SECRETS = ENV.fetch("WEBHOOK_SECRET", "").split(",", -1)
abort "WEBHOOK_SECRET has to hold the webhook's secret" if SECRETS.empty? || SECRETS.any?(&:empty?)
TOLERANCE_SECONDS = 300
BODY_MAX_BYTES = 1 << 20
IDS_MAX = 10_000

# Not from Tidings, or not as it was sent. The message is the reason.
class Refused < StandardError; end

def verify(request, body)
  names = ["webhook-id", "webhook-timestamp", "webhook-signature"]
  # As bytes: what is no UTF-8 would otherwise be an exception.
  id, timestamp, signatures = names.map { |name| request[name].to_s.b }
  raise Refused, "missing_header" if id.empty? || timestamp.empty? || signatures.empty?
  # An id has no dot and no brace: what was signed can be cut into id, time and body in one way only.
  raise Refused, "invalid_header" unless id.match?(/\A[A-Za-z0-9_-]{1,255}\z/) && timestamp.match?(/\A[0-9]{1,12}\z/)
  age = Time.now.to_i - Integer(timestamp, 10)
  raise Refused, "timestamp_too_old" if age > TOLERANCE_SECONDS
  raise Refused, "timestamp_too_new" if age < -TOLERANCE_SECONDS
  raise Refused, "invalid_header" if signatures.bytesize > 1024
  expected = SECRETS.map do |secret|
    "v1,#{[OpenSSL::HMAC.digest("SHA256", secret, "#{id}.#{timestamp}.".b + body)].pack("m0")}"
  end
  # Not ==, of which the time tells how much is right.
  genuine = signatures.split(" ").any? { |given| expected.any? { |own| OpenSSL.secure_compare(given, own) } }
  raise Refused, "signature_mismatch" unless genuine
end

# In your receiver a table of your database, with the id as its key.
SEEN = {}
LOCK = Mutex.new

def new?(id)
  LOCK.synchronize do
    return false if SEEN.key?(id)
    SEEN.shift if SEEN.size >= IDS_MAX
    SEEN[id] = true
  end
end

def forget(id)
  LOCK.synchronize { SEEN.delete(id) }
end

# Here goes your work: store the event, in one transaction with its id. What it raises lets the event come again.
def handle(body)
  puts "accepted #{body}"
end

def body_of(request)
  body = "".b
  request.body do |chunk|
    body << chunk
    raise WEBrick::HTTPStatus::RequestEntityTooLarge if body.bytesize > BODY_MAX_BYTES
  end
  body
end

def receive(request)
  raise WEBrick::HTTPStatus::MethodNotAllowed unless request.request_method == "POST"
  body = body_of(request)
  verify(request, body)
  id = request["webhook-id"]
  unless new?(id)
    puts "duplicate #{id}"
    return 204
  end
  begin
    handle(body)
    204
  rescue StandardError => error
    forget(id)
    puts "failed: #{error.message}"
    500
  end
rescue Refused => refused
  puts "refused: #{refused.message}" # For you alone: the answer does not tell why.
  401
rescue WEBrick::HTTPStatus::RequestEntityTooLarge
  puts "refused: body_too_long"
  413
end

$stdout.sync = true
server = WEBrick::HTTPServer.new(
  BindAddress: "localhost",
  Port: PORT,
  RequestTimeout: 30,
  Logger: WEBrick::Log.new(nil, WEBrick::BasicLog::FATAL),
  AccessLog: [],
  StartCallback: -> { puts "listening on http://localhost:#{PORT}" },
)
server.mount_proc("/") { |request, response| response.status = receive(request) }
%w[INT TERM].each { |signal| trap(signal) { server.shutdown } }
server.start
