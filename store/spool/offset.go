package spool

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

// offsetFile keeps one number. It has two places, written in turn, a disk
// sector apart, so that a write cut short leaves the number before it. A place
// is a serial number, the value and the CRC-32C of both.
type offsetFile struct {
	file *os.File

	mu     sync.Mutex
	serial uint64
	value  int64
}

const (
	placeSize = 20
	placeStep = 512
)

func openOffset(path string) (*offsetFile, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	o := &offsetFile{file: file}
	for i := range int64(2) {
		var place [placeSize]byte
		if _, err := file.ReadAt(place[:], i*placeStep); err != nil && err != io.EOF {
			file.Close()
			return nil, fmt.Errorf("read offset: %w", err)
		}
		if crc32.Checksum(place[:16], castagnoli) != binary.BigEndian.Uint32(place[16:]) {
			continue
		}
		serial, value := binary.BigEndian.Uint64(place[:]), int64(binary.BigEndian.Uint64(place[8:]))
		if serial > o.serial && value >= 0 {
			o.serial, o.value = serial, value
		}
	}
	return o, nil
}

func (o *offsetFile) get() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.value
}

// set returns when the value is on the disk.
func (o *offsetFile) set(value int64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var place [placeSize]byte
	binary.BigEndian.PutUint64(place[:], o.serial+1)
	binary.BigEndian.PutUint64(place[8:], uint64(value))
	binary.BigEndian.PutUint32(place[16:], crc32.Checksum(place[:16], castagnoli))
	_, err := o.file.WriteAt(place[:], int64((o.serial+1)%2)*placeStep)
	if err == nil {
		err = o.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("spool: note what is handled: %w", err)
	}
	o.serial, o.value = o.serial+1, value
	return nil
}
