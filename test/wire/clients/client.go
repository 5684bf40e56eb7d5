// The scenario's client by Go's net/http: a line of JSON in, a line of JSON out.
package main

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"time"
)

const textBytes = 1000

type body struct {
	Text    string `json:"text"`
	Times   int    `json:"times"`
	Chunked bool   `json:"chunked"`
}

type asked struct {
	Op      string            `json:"op"`
	Method  string            `json:"method"`
	Url     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    *body             `json:"body"`
}

type answer struct {
	Status    int               `json:"status"`
	Headers   map[string]string `json:"headers"`
	Bytes     int               `json:"bytes"`
	Sha256    string            `json:"sha256"`
	Text      string            `json:"text"`
	Continued bool              `json:"continued"`
}

func main() {
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: trusted(os.Getenv("CA_FILE"))},
		ExpectContinueTimeout: 5 * time.Second,
	}}
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		must(err)
		var request asked
		must(json.Unmarshal(line, &request))
		if request.Op == "watch" {
			watch(client, request.Url, out)
		} else {
			must(out.Encode(ask(client, request)))
		}
	}
}

func ask(client *http.Client, request asked) answer {
	var content io.Reader
	if request.Body != nil {
		text := strings.NewReader(strings.Repeat(request.Body.Text, request.Body.Times))
		content = text
		if request.Body.Chunked {
			// Of a reader of any other kind net/http does not know the length.
			content = io.MultiReader(text)
		}
	}
	sent, err := http.NewRequest(request.Method, request.Url, content)
	must(err)
	for name, value := range request.Headers {
		sent.Header.Set(name, value)
	}
	continued := false
	trace := &httptrace.ClientTrace{Got100Continue: func() { continued = true }}
	got, err := client.Do(sent.WithContext(httptrace.WithClientTrace(sent.Context(), trace)))
	must(err)
	defer got.Body.Close()
	read, err := io.ReadAll(got.Body)
	must(err)
	headers := map[string]string{}
	for name := range got.Header {
		headers[strings.ToLower(name)] = got.Header.Get(name)
	}
	digest := sha256.Sum256(read)
	text := string(read[:min(len(read), textBytes)])
	return answer{got.StatusCode, headers, len(read), hex.EncodeToString(digest[:]), text, continued}
}

func watch(client *http.Client, url string, out *json.Encoder) {
	got, err := client.Get(url)
	must(err)
	defer got.Body.Close()
	lines := bufio.NewReader(got.Body)
	text := ""
	isReady := false
	for !strings.Contains(text, "event: put\n") || !strings.HasSuffix(text, "\n\n") {
		line, err := lines.ReadString('\n')
		must(err)
		text += line
		if !isReady && line == "\n" && strings.Contains(text, "event: ready\n") {
			isReady = true
			must(out.Encode(map[string]bool{"ready": true}))
		}
	}
	must(out.Encode(map[string]string{"text": text}))
}

func trusted(file string) *x509.CertPool {
	pem, err := os.ReadFile(file)
	must(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return pool
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
