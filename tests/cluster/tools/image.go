package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// settings are what an image says of itself, beside its files.
type settings struct {
	Architecture string         `json:"architecture"`
	OS           string         `json:"os"`
	Config       map[string]any `json:"config"`
}

type blob struct {
	Type        string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// image packs a folder as an image of one layer, everything in it root's, in an archive with the OCI layout.
func image(config, root, name, file string) error {
	var of settings
	if err := json.Unmarshal([]byte(config), &of); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	archive := tar.NewWriter(out)
	add := func(path string, content []byte) error {
		header := &tar.Header{Name: path, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err := archive.Write(content)
		return err
	}
	store := func(kind string, content []byte) (blob, error) {
		sum := sha256.Sum256(content)
		digest := hex.EncodeToString(sum[:])
		made := blob{Type: "application/vnd.oci.image." + kind, Digest: "sha256:" + digest, Size: len(content)}
		return made, add("blobs/sha256/"+digest, content)
	}
	content, err := layer(root)
	if err != nil {
		return err
	}
	files, err := store("layer.v1.tar", content)
	if err != nil {
		return err
	}
	described, err := json.Marshal(map[string]any{
		"architecture": of.Architecture, "os": of.OS, "config": of.Config,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{files.Digest}},
	})
	if err != nil {
		return err
	}
	about, err := store("config.v1+json", described)
	if err != nil {
		return err
	}
	listed, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": about, "layers": []blob{files},
	})
	if err != nil {
		return err
	}
	manifest, err := store("manifest.v1+json", listed)
	if err != nil {
		return err
	}
	manifest.Platform = map[string]string{"architecture": of.Architecture, "os": of.OS}
	// An index of its own, as images of several platforms have: by it a node sees that an image is not for it.
	platforms, err := json.Marshal(index(manifest))
	if err != nil {
		return err
	}
	top, err := store("index.v1+json", platforms)
	if err != nil {
		return err
	}
	top.Annotations = map[string]string{
		"io.containerd.image.name":          name,
		"org.opencontainers.image.ref.name": name[strings.LastIndex(name, ":")+1:],
	}
	listing, err := json.Marshal(index(top))
	if err != nil {
		return err
	}
	if err := add("index.json", listing); err != nil {
		return err
	}
	if err := add("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	return archive.Close()
}

func index(of blob) map[string]any {
	return map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []blob{of},
	}
}

// layer packs a folder; two packs of the same files are equal.
func layer(root string) ([]byte, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var target string
		if info.Mode()&fs.ModeSymlink != 0 {
			if target, err = os.Readlink(path); err != nil {
				return err
			}
		}
		header, err := tar.FileInfoHeader(info, target)
		if err != nil {
			return err
		}
		header.Name, err = filepath.Rel(root, path)
		if err != nil {
			return err
		}
		header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "root", "root"
		header.ModTime, header.AccessTime, header.ChangeTime = time.Unix(0, 0), time.Time{}, time.Time{}
		if err := archive.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
			return err
		}
		source, err := os.Open(path)
		if err != nil {
			return err
		}
		defer source.Close()
		_, err = io.Copy(archive, source)
		return err
	})
	if err != nil {
		return nil, err
	}
	return packed.Bytes(), archive.Close()
}
