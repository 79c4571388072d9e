// SPDX-License-Identifier: MIT
/*
 * The cache of compiled kernels: damage, crowds, full and read-only disks.
 *
 *	cache damage|crowd|bound|sum|locked|small|settings	in a fresh folder that CUDA_CACHE_PATH names
 *	cache refuses ERRNO			a folder on a disk that refuses to store
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../userlib/cache/cache.h"
#include "../compiler/tap.h"

enum { KEYS = 24, PROCESSES = 6, THREADS = 4, ROUNDS = 150, SIZE = 1000 };

static void key_of(unsigned int n, uint8_t key[VGPU_CACHE_KEY_SIZE])
{
	for (int i = 0; i < VGPU_CACHE_KEY_SIZE; i++)
		key[i] = n * 37 + i * 11;
}

/* Content that says which key it belongs to, of a length of its own. */
static size_t content_of(unsigned int n, uint8_t *data)
{
	size_t size = SIZE + 37 * n;

	for (size_t i = 0; i < size; i++)
		data[i] = n ^ i ^ i >> 8;
	return size;
}

static void path_of(struct vgpu_cache *c, const uint8_t *key, char *path)
{
	path += sprintf(path, "%s/", vgpu_cache_folder(c));
	for (int i = 0; i < VGPU_CACHE_KEY_SIZE; i++)
		path += sprintf(path, "%02x", key[i]);
	strcpy(path, ".code");
}

/* 1: there and right, 0: not there, -1: there and wrong. */
static int look(struct vgpu_cache *c, unsigned int n)
{
	uint8_t key[VGPU_CACHE_KEY_SIZE], want[SIZE + 37 * 4096];
	size_t size = 0, right = content_of(n, want);
	void *data;
	int r;

	key_of(n, key);
	if (!vgpu_cache_get(c, key, &data, &size))
		return 0;
	r = size == right && !memcmp(data, want, size) ? 1 : -1;
	free(data);
	return r;
}

static int keep(struct vgpu_cache *c, unsigned int n)
{
	uint8_t key[VGPU_CACHE_KEY_SIZE], data[SIZE + 37 * 4096];

	key_of(n, key);
	return vgpu_cache_put(c, key, data, content_of(n, data));
}

static size_t read_file(const char *path, uint8_t *buf, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, room);

	close(fd);
	return n < 0 ? 0 : n;
}

static void write_file(const char *path, const uint8_t *buf, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, buf, size) != (ssize_t)size)
		note("cannot write %s", path);
	close(fd);
}

/* Whole and right, but somebody else may have written it; it is not ours to remove, either. */
static void foreign(struct vgpu_cache *c, const char *path)
{
	chmod(path, 0620);
	ok(look(c, 1) == 0 && access(path, F_OK) == 0, "others may write to it: a miss");
	chmod(path, 0600);
	ok(look(c, 1) == 1, "only we may: a hit");
	if (geteuid() || chown(path, 65534, -1)) {
		ok(true, "another user's # SKIP needs root");
		return;
	}
	ok(look(c, 1) == 0 && access(path, F_OK) == 0, "another user's: a miss");
	chown(path, 0, -1);
}

static void damage(struct vgpu_cache *c)
{
	uint8_t key[VGPU_CACHE_KEY_SIZE], whole[2 * SIZE], bad[2 * SIZE];
	char path[4096], other[4096];
	unsigned int wrong = 0, stayed = 0;
	size_t size;

	key_of(1, key);
	path_of(c, key, path);
	ok(look(c, 1) == 0, "nothing there at first");
	ok(keep(c, 1) == 0 && look(c, 1) == 1, "stored and found");
	size = read_file(path, whole, sizeof(whole));
	for (size_t cut = 0; cut < size; cut++) {
		write_file(path, whole, cut);
		wrong += look(c, 1) != 0;
		stayed += access(path, F_OK) == 0;
	}
	ok(size > SIZE && !wrong, "cut at each of %zu bytes: a miss", size);
	for (size_t at = 0; at < size; at++) {
		memcpy(bad, whole, size);
		bad[at] ^= 1u << at % 8;
		write_file(path, bad, size);
		wrong += look(c, 1) != 0;
		stayed += access(path, F_OK) == 0;
	}
	ok(!wrong, "a bit changed in each byte: a miss");
	memcpy(bad, whole, size);
	bad[size] = 0;
	write_file(path, bad, size + 1);
	ok(look(c, 1) == 0, "a byte too many: a miss");
	ok(!stayed, "what is damaged is removed");
	write_file(path, whole, size);
	ok(look(c, 1) == 1, "the same bytes, whole, are a hit");
	foreign(c, path);
	key_of(2, key);
	path_of(c, key, other);
	rename(path, other);
	ok(look(c, 2) == 0, "another key's entry: a miss");
	keep(c, 1);
	symlink(path, other);
	ok(look(c, 2) == 0 && access(path, F_OK) == 0, "a symbolic link: a miss, and its target stays");
	unlink(other);
	mkfifo(other, 0600);
	ok(look(c, 2) == 0, "a pipe: a miss, without waiting");
	mkdir(other, 0700);
	ok(look(c, 2) == 0 && keep(c, 2) != 0, "a folder in an entry's place: not stored");
	rmdir(other);
}

static void *hammer(void *arg)
{
	struct vgpu_cache *c = arg;
	unsigned int seed = getpid() ^ (unsigned int)(uintptr_t)&seed;
	intptr_t wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned int n = rand_r(&seed) % KEYS, what = rand_r(&seed) % 16;
		uint8_t key[VGPU_CACHE_KEY_SIZE];
		struct vgpu_cache_usage u;

		key_of(n, key);
		if (what == 0)
			vgpu_cache_drop(c, key);
		else if (what == 1)
			vgpu_cache_usage(c, &u);
		else if (what < 8)
			keep(c, n);
		else
			wrong += look(c, n) < 0;
	}
	return (void *)wrong;
}

static int process(void)
{
	struct vgpu_cache *c = vgpu_cache_open();
	pthread_t t[THREADS];
	intptr_t wrong = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, hammer, c);
	for (int i = 0; i < THREADS; i++) {
		void *r;

		pthread_join(t[i], &r);
		wrong += (intptr_t)r;
	}
	vgpu_cache_close(c);
	return wrong != 0;
}

static unsigned int leftovers(struct vgpu_cache *c)
{
	DIR *d = opendir(vgpu_cache_folder(c));
	struct dirent *e;
	unsigned int n = 0;

	while (d && (e = readdir(d)))
		n += !strncmp(e->d_name, ".new-", 5);
	if (d)
		closedir(d);
	return n;
}

static void crowd(struct vgpu_cache *c)
{
	int status, bad = 0, there = 0;
	pid_t pid;

	fflush(stdout);
	for (int i = 0; i < PROCESSES; i++)
		if (!fork())
			_exit(process());
	/* one more dies in the middle of writing, again and again */
	for (int i = 0; i < 20; i++) {
		pid = fork();
		if (!pid)
			for (;;)
				keep(vgpu_cache_open(), KEYS - 1);
		usleep(2000);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		wait(&status);
		bad += status != 0;
	}
	ok(!bad, "%d processes of %d threads read only what was written", PROCESSES, THREADS);
	for (unsigned int n = 0; n < KEYS; n++) {
		keep(c, n);
		there += look(c, n) == 1;
	}
	ok(there == KEYS, "and all entries can be stored and read afterwards");
}

static void age(struct vgpu_cache *c, const char *name, time_t by)
{
	struct timespec t[2] = { { .tv_sec = time(NULL) - by }, { .tv_sec = time(NULL) - by } };
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", vgpu_cache_folder(c), name);
	utimensat(AT_FDCWD, path, t, 0);
}

static void bound(struct vgpu_cache *c)
{
	uint8_t key[VGPU_CACHE_KEY_SIZE];
	struct vgpu_cache_usage u;
	char path[4096];
	int kept = 0;

	/* CUDA_CACHE_MAXSIZE=1048576, entries of 4 KiB */
	for (unsigned int n = 0; n < 40; n++) {
		keep(c, n);
		key_of(n, key);
		path_of(c, key, path);
		age(c, strrchr(path, '/') + 1, 100000 - 100 * n);
	}
	for (unsigned int n = 40; n < 190; n++) {
		if (keep(c, n))
			note("entry %u was not stored", n);
		if (n == 140)
			look(c, 3);	/* young again */
	}
	vgpu_cache_usage(c, &u);
	ok(u.bytes <= vgpu_cache_limit(c) && u.bytes > vgpu_cache_limit(c) / 2, "%llu bytes of at most %llu",
	   (unsigned long long)u.bytes, (unsigned long long)vgpu_cache_limit(c));
	ok(look(c, 3) == 1, "what was used lately stays");
	for (unsigned int n = 10; n < 20; n++)
		kept += look(c, n);
	ok(!kept, "what was not used for longest goes first");
	snprintf(path, sizeof(path), "%s/.new-lost", vgpu_cache_folder(c));
	write_file(path, key, 10);
	age(c, ".new-lost", 7200);
	vgpu_cache_usage(c, &u);
	ok(!leftovers(c), "a lost temporary file goes");
	key_of(4000, key);
	ok(vgpu_cache_put(c, key, path, 1 << 20) == -EFBIG, "an entry larger than a quarter is refused");
	snprintf(path, sizeof(path), "%s/README", vgpu_cache_folder(c));
	write_file(path, key, 10);
	ok(vgpu_cache_clear(c, &u) == 0 && u.entries > 50, "cleared");
	ok(vgpu_cache_usage(c, &u) == 0 && !u.entries && !access(path, F_OK), "entries only");
}

static void sum_file(struct vgpu_cache *c, char path[4096])
{
	snprintf(path, 4096, "%s/.bytes", vgpu_cache_folder(c));
}

/* What all entries take, as the folder's file says; it is set to @set where that is not 0. */
static uint64_t summed(struct vgpu_cache *c, uint64_t set)
{
	uint64_t head[2] = { 0 };
	char path[4096];
	int fd;

	sum_file(c, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pread(fd, head, sizeof(head), 0) != sizeof(head))
		head[1] = UINT64_MAX;
	else if (set && pwrite(fd, &set, sizeof(set), 8) != sizeof(set))
		note("the sum is not set");
	close(fd);
	return head[1];
}

/* As another process finds it. */
static void keep_anew(unsigned int n)
{
	struct vgpu_cache *c = vgpu_cache_open();

	keep(c, n);
	vgpu_cache_close(c);
}

/* The first entry of a process does not wait for a look at all the others, however many these are. */
static void sum(struct vgpu_cache *c)
{
	enum { TAKES = 4096 };
	uint64_t limit = vgpu_cache_limit(c);
	struct vgpu_cache_usage u;
	char path[4096];

	sum_file(c, path);
	/* As many as are of one block each */
	for (unsigned int n = 0; n < 70; n++)
		keep_anew(n);
	ok(summed(c, limit - TAKES) == 70 * TAKES, "the sum is kept by all processes");
	keep_anew(70);
	ok(summed(c, 0) == limit, "and believed below the limit");
	keep_anew(71);
	ok(summed(c, 0) == 72 * TAKES, "beyond it the folder is looked at");
	vgpu_cache_usage(c, &u);
	ok(u.entries == 72, "which loses nothing if there is room");
	summed(c, UINT64_MAX - TAKES / 2);
	keep_anew(71);
	ok(summed(c, 0) == 72 * TAKES, "as it is where the sum is more than there can be");
	ok(!truncate(path, 5) && (keep_anew(72), summed(c, 0)) == 73 * TAKES, "so it is where the sum is damaged");
	ok(!unlink(path) && (keep_anew(73), summed(c, 0)) == 74 * TAKES, "or is not there");
	ok(!unlink(path) && !symlink("/dev/full", path) && (keep_anew(74), vgpu_cache_usage(c, &u), u.entries == 75),
	   "a link in its place is not followed");
	ok(!vgpu_cache_clear(c, &u) && access(path, F_OK), "clearing takes it away");
}

static uint64_t ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ull + t.tv_nsec / 1000000;
}

/* A temporary file that goes when somebody looks at the folder. */
static void lost(struct vgpu_cache *c)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/.new-lost", vgpu_cache_folder(c));
	write_file(path, (const uint8_t *)path, 10);
	age(c, ".new-lost", 7200);
}

/* Stores many without the sum: soon, few looks, and no more of them than the limit. */
static void without(struct vgpu_cache *c, const char *why)
{
	struct vgpu_cache_usage u;
	uint64_t most = 0, began = ms_now();
	int bad = 0, looks = 0;

	for (unsigned int n = 0; n < 400; n++) {
		if (!leftovers(c))
			lost(c);
		bad += keep(c, n) != 0;
		looks += !leftovers(c);
		if (n % 16)
			continue;
		vgpu_cache_usage(c, &u);
		most = u.bytes > most ? u.bytes : most;
	}
	ok(!bad && ms_now() - began < 10000, "%s: 400 entries are stored soon", why);
	ok(looks > 10 && looks < 100, "and the folder is looked at %d times", looks);
	vgpu_cache_usage(c, &u);
	ok(most <= vgpu_cache_limit(c) && u.bytes > vgpu_cache_limit(c) / 2, "%llu bytes at most of %llu",
	   (unsigned long long)most, (unsigned long long)vgpu_cache_limit(c));
}

/* A thread that stores while another one forks. */
static void *storing(void *arg)
{
	int *stop = arg;
	struct vgpu_cache *c = vgpu_cache_open();

	for (unsigned int n = 0; !__atomic_load_n(stop, __ATOMIC_RELAXED); n++)
		keep(c, n % KEYS);
	vgpu_cache_close(c);
	return NULL;
}

static void forks(struct vgpu_cache *c)
{
	enum { CHILDREN = 300 };
	pid_t child[CHILDREN];
	int stop = 0, fd;
	char path[4096];
	pthread_t t;

	sum_file(c, path);
	pthread_create(&t, NULL, storing, &stop);
	for (int i = 0; i < CHILDREN; i++) {
		usleep(200);
		child[i] = fork();
		if (!child[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ok(fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB), "children that were forked meanwhile do not keep the sum locked");
	close(fd);
	for (int i = 0; i < CHILDREN; i++) {
		kill(child[i], SIGKILL);
		waitpid(child[i], NULL, 0);
	}
}

/* The program may not write files as large as an entry. */
static void small_files(struct vgpu_cache *c)
{
	struct rlimit was, small;
	sigset_t pending;

	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	for (small.rlim_cur = 0; small.rlim_cur <= 64; small.rlim_cur += 16) {
		struct vgpu_cache *own = vgpu_cache_open();

		setrlimit(RLIMIT_FSIZE, &small);
		ok(keep(own, 1) == -EFBIG, "files of %d bytes: not stored", (int)small.rlim_cur);
		setrlimit(RLIMIT_FSIZE, &was);
		vgpu_cache_close(own);
	}
	sigpending(&pending);
	ok(!sigismember(&pending, SIGXFSZ), "and no signal is left");
	ok(!leftovers(c) && !keep(c, 1), "nor a file");
}

/* Somebody has the sum and does not give it back, or something else is in its place. */
static void locked(struct vgpu_cache *c)
{
	struct vgpu_cache_usage u;
	char path[4096];
	int fd;

	forks(c);
	sum_file(c, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ok(fd >= 0 && !flock(fd, LOCK_EX), "the sum is locked by another");
	without(c, "locked");
	close(fd);
	summed(c, 4096);
	keep(c, 1);
	vgpu_cache_usage(c, &u);
	ok(summed(c, 0) >= u.bytes, "what was stored without the sum is counted once it can be had");
	vgpu_cache_clear(c, &u);
	ok(!mkdir(path, 0700), "a folder in its place");
	without(c, "a folder");
	rmdir(path);
	ok(!mkfifo(path, 0600), "a pipe in its place");
	without(c, "a pipe");
	unlink(path);
}

static bool folder_is(const char *want)
{
	struct vgpu_cache *c = vgpu_cache_open();
	bool good = want ? c && !strcmp(vgpu_cache_folder(c), want) : !c;

	vgpu_cache_close(c);
	return good;
}

static bool limit_is(const char *set, uint64_t want)
{
	struct vgpu_cache *c;
	bool good;

	setenv("CUDA_CACHE_MAXSIZE", set, 1);
	c = vgpu_cache_open();
	good = c && vgpu_cache_limit(c) == want;
	vgpu_cache_close(c);
	return good;
}

static void settings(struct vgpu_cache *c)
{
	uint8_t key[VGPU_CACHE_KEY_SIZE];
	char folder[4096];
	struct stat st;

	strcpy(folder, vgpu_cache_folder(c));
	umask(0);
	ok(keep(c, 1) == 0 && !stat(folder, &st) && (st.st_mode & 07777) == 0700, "the folder is the user's alone");
	vgpu_cache_close(c);
	chmod(folder, 0777);
	c = vgpu_cache_open();
	ok(keep(c, 2) == -EPERM && look(c, 2) == 0, "nothing is stored where others may write");
	chmod(folder, 0700);
	ok(keep(c, 2) == -EPERM, "and that is not tried again");
	key_of(1, key);
	vgpu_cache_drop(c, key);
	ok(look(c, 1) == 0, "an entry is dropped");
	ok(!vgpu_cache_get(NULL, key, NULL, NULL) && vgpu_cache_put(NULL, key, key, 1) == -EFBIG, "no cache, no entry");
	ok(limit_is("1000000", 1000000) && limit_is("99999999999", 4ull << 30) && limit_is("-1", 1ull << 30) &&
	   limit_is("12x", 1ull << 30), "CUDA_CACHE_MAXSIZE");
	setenv("CUDA_CACHE_DISABLE", "1", 1);
	ok(folder_is(NULL), "CUDA_CACHE_DISABLE");
	setenv("CUDA_CACHE_DISABLE", "0", 1);
	unsetenv("CUDA_CACHE_PATH");
	setenv("XDG_CACHE_HOME", "/x", 1);
	ok(folder_is("/x/vgpu/code"), "XDG_CACHE_HOME");
	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", "/h", 1);
	ok(folder_is("/h/.cache/vgpu/code"), "HOME");
	unsetenv("HOME");
	ok(folder_is(NULL), "nowhere");
	vgpu_cache_close(c);
}

static void refuses(struct vgpu_cache *c, int want)
{
	unsigned int first = 40 * want, n = first;	/* others than on the disk before */
	int err = 0;

	while (n < first + 2000 && !err)
		err = keep(c, n++);
	ok(err == -want, "storing ends with %s after %u entries", strerror(-err), n - 1 - first);
	ok(keep(c, n) == -want, "and is not tried again");
	ok(look(c, n) == 0 && look(c, n - 1) == 0, "what was not stored is not there");
	for (unsigned int i = first; i + 1 < n; i++)
		if (look(c, i) != 1)
			ok(false, "entry %u is still there", i);
	ok(!leftovers(c), "nothing half written is left");
}

int main(int argc, char **argv)
{
	struct vgpu_cache *c = vgpu_cache_open();

	if (argc < 2 || !c)
		return 2;
	if (!strcmp(argv[1], "settings")) {
		settings(c);
		return tap_done();
	}
	if (!strcmp(argv[1], "damage"))
		damage(c);
	else if (!strcmp(argv[1], "crowd"))
		crowd(c);
	else if (!strcmp(argv[1], "bound"))
		bound(c);
	else if (!strcmp(argv[1], "sum"))
		sum(c);
	else if (!strcmp(argv[1], "locked"))
		locked(c);
	else if (!strcmp(argv[1], "small"))
		small_files(c);
	else if (!strcmp(argv[1], "refuses") && argc > 2)
		refuses(c, atoi(argv[2]));
	else
		return 2;
	vgpu_cache_close(c);
	return tap_done();
}
