package scan

import "bytes"

// document is one YAML document of a file.
type document struct {
	data []byte
	// offset is the number of lines before it.
	offset int
	// line is that of its first key, counted from 1 in the file.
	line int
}

// split cuts a file at its document separators.
func split(data []byte) []document {
	var documents []document
	start, startLine, line := 0, 0, 0
	for at := 0; at < len(data); line++ {
		end := len(data)
		if newline := bytes.IndexByte(data[at:], '\n'); newline >= 0 {
			end = at + newline + 1
		}
		if isSeparator(data[at:end]) {
			documents = appendDocument(documents, data[start:at], startLine)
			// What follows the separator on its line belongs to the document.
			start, startLine = at+3, line
		}
		at = end
	}
	return appendDocument(documents, data[start:], startLine)
}

func isSeparator(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("---")) {
		return false
	}
	return len(line) == 3 || bytes.IndexByte([]byte(" \t\r\n"), line[3]) >= 0
}

func appendDocument(documents []document, data []byte, offset int) []document {
	first := firstLine(data)
	if first < 0 {
		return documents
	}
	return append(documents, document{data: data, offset: offset, line: offset + first + 1})
}

// firstLine returns the index of the first line that isn't blank, a comment or a directive, -1 where there is none.
func firstLine(data []byte) int {
	for index := 0; len(data) > 0; index++ {
		line := data
		if newline := bytes.IndexByte(data, '\n'); newline >= 0 {
			line, data = data[:newline], data[newline+1:]
		} else {
			data = nil
		}
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return index
		}
	}
	return -1
}
