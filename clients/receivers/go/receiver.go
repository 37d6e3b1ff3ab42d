// Receives webhooks with Go's standard library alone.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	tolerance    = 5 * time.Minute
	bodyMaxBytes = 1 << 20
	idsMax       = 10_000
)

var (
	// An id has no dot and no brace: what was signed can be cut into id, time and body in one way only.
	idForm        = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	timestampForm = regexp.MustCompile(`^[0-9]{1,12}$`)
)

// verify returns why the request is not to be trusted; nil when it is from Tidings and as it was sent.
func verify(secrets []string, headers http.Header, body []byte) error {
	id, timestamp := headers.Get("webhook-id"), headers.Get("webhook-timestamp")
	signatures := headers.Get("webhook-signature")
	if id == "" || timestamp == "" || signatures == "" {
		return errors.New("missing_header")
	}
	if !idForm.MatchString(id) || !timestampForm.MatchString(timestamp) {
		return errors.New("invalid_header")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("invalid_header")
	}
	age := time.Since(time.Unix(seconds, 0))
	if age > tolerance {
		return errors.New("timestamp_too_old")
	}
	if age < -tolerance {
		return errors.New("timestamp_too_new")
	}
	if len(signatures) > 1024 {
		return errors.New("invalid_header")
	}
	for _, secret := range secrets {
		// The key is the secret's own bytes, nothing decoded.
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%s.%s.", id, timestamp)
		mac.Write(body)
		expected := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		for _, given := range strings.Split(signatures, " ") {
			// Not ==, of which the time tells how much is right.
			if hmac.Equal([]byte(given), []byte(expected)) {
				return nil
			}
		}
	}
	return errors.New("signature_mismatch")
}

// inbox remembers which events have come. In your receiver a table of your database, with the id as its key.
type inbox struct {
	mutex sync.Mutex
	seen  map[string]bool
	ids   []string
}

func (in *inbox) isNew(id string) bool {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	if in.seen[id] {
		return false
	}
	if len(in.ids) >= idsMax {
		delete(in.seen, in.ids[0])
		in.ids = in.ids[1:]
	}
	in.seen[id] = true
	in.ids = append(in.ids, id)
	return true
}

func (in *inbox) forget(id string) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	delete(in.seen, id)
	for index, known := range in.ids {
		if known == id {
			in.ids = append(in.ids[:index], in.ids[index+1:]...)
			return
		}
	}
}

// handle does your work: store the event, in one transaction with its id. What it returns lets the event come again.
func handle(body []byte) error {
	_, err := fmt.Printf("accepted %s\n", body)
	return err
}

func main() {
	// Several, with a comma between, while a secret is replaced.
	secrets := strings.Split(os.Getenv("WEBHOOK_SECRET"), ",")
	for _, secret := range secrets {
		if secret == "" {
			log.Fatal("WEBHOOK_SECRET has to hold the webhook's secret")
		}
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "4002"
	}
	in := inbox{seen: map[string]bool{}}
	receive := func(response http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodPost {
			response.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, bodyMaxBytes))
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			fmt.Println("refused: body_too_long")
			response.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			fmt.Println("refused: it broke off")
			response.WriteHeader(http.StatusBadRequest)
			return
		}
		if err := verify(secrets, request.Header, body); err != nil {
			fmt.Println("refused:", err) // For you alone: the answer does not tell why.
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		if id := request.Header.Get("webhook-id"); !in.isNew(id) {
			fmt.Println("duplicate", id)
		} else if err := handle(body); err != nil {
			in.forget(id)
			fmt.Println("failed:", err)
			response.WriteHeader(http.StatusInternalServerError)
			return
		}
		response.WriteHeader(http.StatusNoContent)
	}
	listener, err := net.Listen("tcp", "localhost:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on http://localhost:" + port)
	server := http.Server{Handler: http.HandlerFunc(receive), ReadTimeout: 30 * time.Second}
	log.Fatal(server.Serve(listener))
}
