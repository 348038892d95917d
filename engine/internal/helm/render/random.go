package render

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"strings"
	"text/template"
)

// What stands for random texts: of the right length and characters, and plainly not random.
const (
	letters = "gitopsplaceholder"
	both    = "gitops0placeholder0"
	digits  = "1234567890"
	// hashed is a bcrypt hash, of nothing.
	hashed = "$2a$10$gitopsplaceholdergitopsplaceholdergitopsplaceholderg.."
	unique = "00000000-0000-4000-8000-000000000000"
)

// random are the functions whose result is random. Their stand-ins depend on their arguments alone, so that what is
// rendered stays the same whatever else a chart does.
func (f *functions) random() template.FuncMap {
	return template.FuncMap{
		"randAlphaNum": f.invented(both),
		"randAlpha":    f.invented(letters),
		"randAscii":    f.invented(both),
		"randNumeric":  f.invented(digits),
		"randBytes": func(count int) (string, error) {
			text, err := f.invented(both)(count)
			return base64.StdEncoding.EncodeToString([]byte(text)), err
		},
		"randInt": func(least, _ int) int {
			f.use(Random)
			return least
		},
		"shuffle": func(text string) string {
			f.use(Random)
			return text
		},
		"uuidv4": func() string {
			f.use(Random)
			return unique
		},
		"bcrypt": func(string) string {
			f.use(Random)
			return hashed[:60]
		},
		"htpasswd": func(user, _ string) string {
			f.use(Random)
			if strings.Contains(user, ":") {
				return fmt.Sprintf("invalid username: %s", user)
			}
			return user + ":" + hashed[:60]
		},
		"encryptAES": f.encrypted,
	}
}

func (f *functions) invented(from string) func(int) (string, error) {
	return func(length int) (string, error) {
		f.use(Random)
		if err := f.bounded("random characters", length, maxText); err != nil || length <= 0 {
			return "", err
		}
		return strings.Repeat(from, length/len(from)+1)[:length], nil
	}
}

// encrypted is sprig's encryptAES with a constant start, so that decryptAES reads it.
func (f *functions) encrypted(password, plain string) (string, error) {
	f.use(Random)
	if plain == "" {
		return "", nil
	}
	key := make([]byte, 32)
	copy(key, password)
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	padding := block.BlockSize() - len(plain)%block.BlockSize()
	padded := append([]byte(plain), strings.Repeat(string(rune(padding)), padding)...)
	sealed := make([]byte, aes.BlockSize+len(padded))
	cipher.NewCBCEncrypter(block, sealed[:aes.BlockSize]).CryptBlocks(sealed[aes.BlockSize:], padded)
	return base64.StdEncoding.EncodeToString(sealed), nil
}
