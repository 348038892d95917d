// Command stand-in is what containers of tests run in place of a program whose image can't be had: it answers every
// request on the ports that $PORTS names, separated by spaces.
package main

import (
	"log"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	ended := make(chan error)
	for _, port := range strings.Fields(os.Getenv("PORTS")) {
		server := &http.Server{Addr: ":" + port, Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 10 * time.Second}
		go func() { ended <- server.ListenAndServe() }()
	}
	log.Fatal(<-ended)
}

func answer(writer http.ResponseWriter, _ *http.Request) {
	writer.WriteHeader(http.StatusOK)
}
