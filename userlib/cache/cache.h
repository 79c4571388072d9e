/* SPDX-License-Identifier: MIT */
/*
 * Compiled kernels on disk, in the user's cache directory.
 *
 * An entry is a file named by its key (vgpucc_key()). It is written beside its
 * place and renamed, so that readers see all of it or nothing; its header holds
 * the key, the size and a checksum, so that what a crash, a full disk or a
 * stranger left there is a miss and goes. Nobody has to trust an entry: the
 * kernel verifies every code object that it loads. What cannot be stored is not
 * stored; no caller has to care.
 *
 * The folder is the first of these that is set (none for set-user-ID programs):
 *   $CUDA_CACHE_PATH/vgpu, $XDG_CACHE_HOME/vgpu/code, $HOME/.cache/vgpu/code
 * CUDA_CACHE_DISABLE=1 switches the cache off; CUDA_CACHE_MAXSIZE is its bound in
 * bytes (1 GiB; at most 4 GiB), kept by removing what was not used for longest.
 *
 * All functions may be called by any number of threads and processes at once.
 */
#ifndef VGPU_CACHE_H
#define VGPU_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VGPU_CACHE_KEY_SIZE = 16 };

struct vgpu_cache;

/**
 * vgpu_cache_open() - the cache as the environment describes it
 *
 * Touches no file yet.
 *
 * Return: the cache, NULL when it is switched off, has no folder, or without memory.
 */
struct vgpu_cache *vgpu_cache_open(void);
void vgpu_cache_close(struct vgpu_cache *c);

/* Its folder, which need not exist yet, and its bound in bytes. */
const char *vgpu_cache_folder(const struct vgpu_cache *c);
uint64_t vgpu_cache_limit(const struct vgpu_cache *c);

/**
 * vgpu_cache_get() - look an entry up
 * @c: the cache, or NULL
 * @key: its key
 * @data: set to the content; free() it
 * @size: set to its bytes
 *
 * Return: true if it is there, whole.
 */
bool vgpu_cache_get(struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE], void **data, size_t *size);

/**
 * vgpu_cache_put() - store an entry, if that can be done
 * @c: the cache, or NULL
 * @key: its key
 * @data: content
 * @size: its bytes
 *
 * After the first failure that will not go away by itself (a full or read-only
 * disk, a folder that others may write to) nothing more is tried.
 *
 * Return: 0 or a negative errno, for those who want to say it.
 */
int vgpu_cache_put(struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE], const void *data, size_t size);

/* Remove an entry that turned out to be of no use. */
void vgpu_cache_drop(struct vgpu_cache *c, const uint8_t key[VGPU_CACHE_KEY_SIZE]);

/**
 * struct vgpu_cache_usage - what there is
 * @entries: files
 * @bytes: what they take, in blocks of 4 KiB
 */
struct vgpu_cache_usage {
	uint64_t entries, bytes;
};

/* Return: 0 (also where there is no folder yet) or a negative errno. */
int vgpu_cache_usage(struct vgpu_cache *c, struct vgpu_cache_usage *u);

/* Remove all entries. Return: 0 or a negative errno; @u: what there was. */
int vgpu_cache_clear(struct vgpu_cache *c, struct vgpu_cache_usage *u);

#endif
