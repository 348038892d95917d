package sops

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"time"
)

// Program is SOPS itself, for the kinds of keys that only it knows: it asks agents and services, in the environment that
// it is given. It is told nothing but the document, on its standard input.
type Program struct {
	Path        string            `json:"path"`
	Environment map[string]string `json:"environment"`
}

const (
	// maxRun is how long the program may take, with whatever it asks.
	maxRun = 20 * time.Second
	// maxOutput bounds what is read of it.
	maxOutput = 16 << 20
)

// types are what the program calls the formats. What was binary comes as JSON, to be read as the rest is.
var types = map[Format][2]string{
	Binary: {"binary", "json"}, Dotenv: {"dotenv", "dotenv"}, INI: {"ini", "ini"}, JSON: {"json", "json"}, YAML: {"yaml", "yaml"},
}

// decryptBy lets the program decrypt the document. Nothing that it says is passed on: it may quote what it read.
func (d *Document) decryptBy(ctx context.Context, program *Program) error {
	ctx, cancel := context.WithTimeout(ctx, maxRun)
	defer cancel()
	names := types[d.format]
	command := exec.CommandContext(ctx, program.Path,
		"decrypt", "--ignore-mac", "--input-type", names[0], "--output-type", names[1], "/dev/stdin")
	command.Stdin = bytes.NewReader(d.data)
	command.Dir = os.TempDir()
	for name, value := range program.Environment {
		command.Env = append(command.Env, name+"="+value)
	}
	out := &limited{}
	command.Stdout = out
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil {
		return errors.New("sops can't decrypt it")
	}
	documents, err := known[d.format].load(out.Bytes())
	if err != nil {
		return errors.New("what sops makes of it can't be read")
	}
	before := leavesOf(d.documents)
	for text := range leavesOf(documents) {
		if !before[text] {
			d.secrets = append(d.secrets, text)
		}
	}
	d.documents = documents
	return nil
}

// leavesOf returns the texts of all scalars.
func leavesOf(documents []mapping) map[string]bool {
	texts := map[string]bool{}
	for _, document := range documents {
		_ = document.walk(nil, nil, func(value any, _ []string, _ [][]string) (any, error) {
			if _, isComment := value.(comment); !isComment {
				if data, err := bytesOf(value); err == nil && len(data) > 0 {
					texts[string(data)] = true
				}
			}
			return value, nil
		})
	}
	return texts
}

// limited is a buffer that ends what fills it beyond its limit.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(data []byte) (int, error) {
	if l.Len()+len(data) > maxOutput {
		return 0, errors.New("too much output")
	}
	return l.Buffer.Write(data)
}

// DecryptBy decrypts with the keys, and with the program where no key fits; nil where there is none.
func (d *Document) DecryptBy(ctx context.Context, keys *Keys, program *Program) error {
	err := d.Decrypt(keys)
	var missing *KeyError
	if program == nil || !errors.As(err, &missing) || missing.Corrupt {
		return err
	}
	if d.decryptBy(ctx, program) != nil {
		return missing
	}
	return nil
}
