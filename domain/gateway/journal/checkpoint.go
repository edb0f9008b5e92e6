package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// Checkpoint is what the owner folded out of the records 1 … After, kept only
// to make the next start shorter: it can always be computed again.
type Checkpoint struct {
	After uint64
	State []byte
}

const (
	checkpointName  = "checkpoint"
	checkpointMagic = "PADOCKP1"
)

// SaveCheckpoint replaces the checkpoint. A crash leaves the old or the new one.
func (j *Journal) SaveCheckpoint(cp Checkpoint) error {
	b := make([]byte, 0, len(cp.State)+24)
	b = append(b, checkpointMagic...)
	b = binary.LittleEndian.AppendUint64(b, cp.After)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(cp.State)))
	b = append(b, cp.State...)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	tmp := filepath.Join(j.opt.Dir, checkpointName+".tmp")
	if err := writeSynced(tmp, b); err != nil {
		return errors.Join(fmt.Errorf("save checkpoint: %w", err), os.Remove(tmp))
	}
	if err := os.Rename(tmp, filepath.Join(j.opt.Dir, checkpointName)); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return syncDir(j.opt.Dir)
}

// LoadCheckpoint returns the last checkpoint, or a zero one if there is none
// or it is unreadable.
func (j *Journal) LoadCheckpoint() (Checkpoint, error) { return readCheckpoint(j.opt.Dir) }

func readCheckpoint(dir string) (Checkpoint, error) {
	b, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	const head = len(checkpointMagic) + 12
	if len(b) < head+4 || string(b[:len(checkpointMagic)]) != checkpointMagic {
		return Checkpoint{}, nil
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum || int(binary.LittleEndian.Uint32(body[head-4:])) != len(body)-head {
		return Checkpoint{}, nil
	}
	return Checkpoint{After: binary.LittleEndian.Uint64(body[len(checkpointMagic):]), State: body[head:]}, nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}
