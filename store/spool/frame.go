package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A frame is a header of three big-endian words and the record: a magic
// number, the record's length, and the CRC-32C of length and record.
const (
	magic      = 0xA75B0E11
	headerSize = 12
)

// errDamaged says that no sound frame begins there.
var errDamaged = errors.New("damaged frame")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func encodeFrame(record []byte) []byte {
	frame := make([]byte, headerSize+len(record))
	binary.BigEndian.PutUint32(frame, magic)
	binary.BigEndian.PutUint32(frame[4:], uint32(len(record)))
	copy(frame[headerSize:], record)
	binary.BigEndian.PutUint32(frame[8:], checksum(frame))
	return frame
}

func checksum(frame []byte) uint32 {
	return crc32.Update(crc32.Checksum(frame[4:8], castagnoli), castagnoli, frame[headerSize:])
}

// readFrame answers the record whose frame begins at and the frame's end; size
// is the length of log. Memory is taken only for a length that fits.
func readFrame(log io.ReaderAt, at, size int64) (record []byte, end int64, err error) {
	if size-at < headerSize {
		return nil, 0, errDamaged
	}
	var header [headerSize]byte
	if err := readAt(log, header[:], at); err != nil {
		return nil, 0, err
	}
	length := int64(binary.BigEndian.Uint32(header[4:]))
	end = at + headerSize + length
	if binary.BigEndian.Uint32(header[:]) != magic || length > MaxRecord || end > size {
		return nil, 0, errDamaged
	}
	frame := make([]byte, headerSize+length)
	if err := readAt(log, frame, at); err != nil {
		return nil, 0, err
	}
	if checksum(frame) != binary.BigEndian.Uint32(frame[8:]) {
		return nil, 0, errDamaged
	}
	return frame[headerSize:], end, nil
}

// nextFrame is where the first sound frame from at on begins; size when there
// is none.
func nextFrame(log io.ReaderAt, at, size int64) (int64, error) {
	var word [4]byte
	binary.BigEndian.PutUint32(word[:], magic)
	window := make([]byte, 64<<10)
	for size-at >= headerSize {
		part := window[:min(int64(len(window)), size-at)]
		if err := readAt(log, part, at); err != nil {
			return 0, err
		}
		i := bytes.Index(part, word[:])
		if i < 0 {
			at += int64(len(part) - len(word) + 1)
			continue
		}
		at += int64(i)
		_, _, err := readFrame(log, at, size)
		if err == nil {
			return at, nil
		}
		if !errors.Is(err, errDamaged) {
			return 0, err
		}
		at++
	}
	return size, nil
}

// scanned is what lies between two places of log.
type scanned struct {
	start   int64 // of the first sound frame; end when there is none
	end     int64 // of the last sound frame
	records int
	skipped int64 // damaged bytes before and between sound frames
}

// scan finds every sound frame between at and size.
func scan(log io.ReaderAt, at, size int64) (scanned, error) {
	found := scanned{start: at, end: at}
	for at < size {
		_, end, err := readFrame(log, at, size)
		if err == nil {
			found.records++
			at, found.end = end, end
			continue
		}
		if !errors.Is(err, errDamaged) {
			return scanned{}, err
		}
		next, err := nextFrame(log, at+1, size)
		if err != nil {
			return scanned{}, err
		}
		if next < size {
			found.skipped += next - at
			if found.records == 0 {
				found.start = next
			}
		}
		at = next
	}
	return found, nil
}

func readAt(log io.ReaderAt, p []byte, at int64) error {
	if n, err := log.ReadAt(p, at); n < len(p) {
		return fmt.Errorf("read log at %d: %w", at, err)
	}
	return nil
}
