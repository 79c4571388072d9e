// SPDX-License-Identifier: MIT
/*
 * vgpu-ptxc: look into PTX, fatbins and libraries, compile, report.
 *
 * --check compiles every kernel of every PTX entry, lets the engine's
 * verifier judge the code objects, and prints per architecture how many
 * kernels there are, how many failed and why, and how long they took.
 *
 * Exit status: 0; 1 where something failed or there was nothing to compile;
 * 2 where the file cannot be read, is none of ours, or the usage is wrong.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compiler.h"
#include "ir.h"
#include "judge.h"

#define BODY_LIMIT ((size_t)1 << 30)
#define MAX_ARCHS  64
#define MAX_PLACES 4 /* shown for each reason; --verbose shows all */
#define LOG_SIZE   65536

struct settings {
	const char *file, *kernel;
	unsigned int cc, arch, every;
	enum vgpucc_shape_class shape;
	bool check, list, dump_ir, dump_ssa, dump_isa, front, verbose;
};

/* ---- statistics by architecture ---- */

struct arch_stats {
	unsigned int arch;
	char variant;
	unsigned int modules, kernels, compiled, failed, bad_modules;
	double *ms;
	size_t cap;
	double index_ms;
	size_t bytes;
};

/* Why kernels failed, with the first of them: name and line. */
struct reason {
	char text[160];
	unsigned int count;
	char *places[MAX_PLACES];
};

static struct arch_stats stats[MAX_ARCHS];
static struct reason *reasons;
static size_t nstats, nreasons;
static struct settings set = { .cc = 120, .every = 1 };
static char log_buf[LOG_SIZE];

/* Our own time: other programs on the machine do not count. */
static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static struct arch_stats *stats_for(unsigned int arch, char variant)
{
	for (size_t i = 0; i < nstats; i++)
		if (stats[i].arch == arch && stats[i].variant == variant)
			return &stats[i];
	if (nstats == MAX_ARCHS) {
		fprintf(stderr, "too many architectures\n");
		exit(2);
	}
	stats[nstats].arch = arch;
	stats[nstats].variant = variant;
	return &stats[nstats++];
}

static void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p) {
		perror("vgpu-ptxc");
		exit(2);
	}
	return p;
}

static void add_time(struct arch_stats *s, double ms)
{
	if (s->compiled == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->ms = xrealloc(s->ms, s->cap * sizeof(*s->ms));
	}
	s->ms[s->compiled++] = ms;
}

/* "KERNEL, ptx line N", the line as the message has it before ';'. */
static char *place(const char *kernel, const char *msg)
{
	const char *line = strstr(msg, "ptx line ");
	char *s = NULL;

	if (asprintf(&s, "%s%s%.*s", kernel, line ? ", " : "", line ? (int)strcspn(line, ";") : 0, line ? line : "") <
	    0)
		return NULL;
	return s;
}

/* Failures that differ only in kernel and line are one reason. */
static void add_reason(const char *kernel, const char *msg)
{
	const char *p = strstr(msg, "error : ");
	struct reason *r;
	size_t i;

	p = p ? p + strlen("error : ") : msg;
	for (i = 0; i < nreasons && strncmp(reasons[i].text, p, sizeof(reasons[i].text) - 1); i++)
		;
	if (i == nreasons) {
		reasons = xrealloc(reasons, (nreasons + 1) * sizeof(*reasons));
		memset(&reasons[i], 0, sizeof(reasons[i]));
		snprintf(reasons[i].text, sizeof(reasons[i].text), "%s", p);
		nreasons++;
	}
	r = &reasons[i];
	if (r->count < MAX_PLACES)
		r->places[r->count] = place(kernel, msg);
	r->count++;
}

static void print_reason(const struct reason *r)
{
	printf("%8u x %s\n", r->count, r->text);
	for (unsigned int k = 0; k < MAX_PLACES && k < r->count; k++)
		if (r->places[k])
			printf("%12s%s\n", "", r->places[k]);
	if (r->count > MAX_PLACES)
		printf("%12sand %u more (--verbose)\n", "", r->count - MAX_PLACES);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int by_count(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	return (y->count > x->count) - (y->count < x->count);
}

/* Whether a kernel was tried, or a module that is none; else says what was missing. */
static bool anything(void)
{
	for (size_t i = 0; i < nstats; i++)
		if (stats[i].kernels || stats[i].bad_modules)
			return true;
	if (nstats && set.kernel)
		fprintf(stderr, "%s: no kernel '%s'\n", set.file, set.kernel);
	else
		fprintf(stderr, "%s: %s\n", set.file, nstats ? "no kernels" : "no PTX to compile");
	return false;
}

static void report(void)
{
	if (!nstats)
		printf("no PTX for any architecture\n");
	for (size_t i = 0; i < nstats; i++) {
		struct arch_stats *s = &stats[i];

		if (!s->arch) { /* a text says its own, if it can be read */
			printf("%s: does not parse\n", set.file);
			continue;
		}
		qsort(s->ms, s->compiled, sizeof(*s->ms), by_value);
		printf("compute_%u%.1s: %u modules, %u kernels, %u %s, %u failed; "
		       "median %.3f ms, max %.3f ms; index %.2f ms for %.1f MB\n",
		       s->arch, &s->variant, s->modules, s->kernels, s->compiled, set.front ? "parsed" : "compiled",
		       s->failed + s->bad_modules, s->compiled ? s->ms[s->compiled / 2] : 0.0,
		       s->compiled ? s->ms[s->compiled - 1] : 0.0, s->index_ms, s->bytes / 1e6);
	}
	qsort(reasons, nreasons, sizeof(*reasons), by_count);
	for (size_t i = 0; i < nreasons; i++)
		print_reason(&reasons[i]);
}

/* ---- one kernel ---- */

/* The front half alone: parse, verify, SSA, verify. */
static int front(const struct vgpucc_module *m, const char *name, struct diag *d)
{
	const struct ir_module *ir = vgpucc_module_ir(m);
	struct ir_body *b = ir_body_parse(ir, ir_module_func(ir, name), BODY_LIMIT, d);
	int ret = VGPUCC_BAD_PTX;

	if (!b)
		return ret;
	if (set.dump_ir && !set.dump_ssa)
		ir_print_body(b, stdout);
	if (ir_body_ssa(b, d))
		ret = VGPUCC_OK;
	if (set.dump_ssa)
		ir_print_body(b, stdout);
	ir_body_free(b);
	return ret;
}

/* What the device would say of the code object. */
static int verify(const void *image, size_t len, struct diag *d)
{
	char msg[160];

	if (judge(image, len, msg, sizeof(msg)))
		return VGPUCC_OK;
	diag_error(d, 0, "verifier: %s", msg);
	return VGPUCC_UNSUPPORTED;
}

/* @ms: the compiler's own time */
static int compile(const struct vgpucc_module *m, const char *name, struct diag *d, double *ms)
{
	struct vgpucc_options opt = {
		.cc = set.cc,
		.shape = set.shape,
		.dump_isa = set.dump_isa ? stdout : NULL,
	};
	void *code = NULL;
	size_t len = 0;
	int ret = VGPUCC_OK;

	*ms = now_ms();
	if (set.front || set.dump_ir || set.dump_ssa)
		ret = front(m, name, d);
	if (!set.front && ret == VGPUCC_OK) {
		*ms = now_ms();
		ret = vgpucc_compile_kernel(m, name, &opt, d, &code, &len);
	}
	*ms = now_ms() - *ms;
	if (code && ret == VGPUCC_OK)
		ret = verify(code, len, d);
	free(code);
	return ret;
}

static int do_kernel(const struct vgpucc_module *m, const char *name, struct arch_stats *s)
{
	struct diag d;
	double t;
	int ret;

	diag_init(&d, log_buf, sizeof(log_buf));
	s->kernels++;
	ret = compile(m, name, &d, &t);
	if (ret == VGPUCC_OK) {
		add_time(s, t);
	} else {
		s->failed++;
		add_reason(name, d.first[0] ? d.first : "no reason given");
		if (!set.check || set.verbose)
			fprintf(stderr, "%s: %s", name, log_buf);
	}
	if (set.verbose)
		fprintf(stderr, "%10.3f ms %s\n", t, name);
	return ret;
}

/* ---- one module ---- */

static void list_module(const struct vgpucc_module *m)
{
	struct vgpucc_info info;
	struct vgpucc_kernel k;
	struct vgpucc_global g;

	vgpucc_module_info(m, &info);
	printf("PTX %u.%u sm_%u%.1s: %u kernels, %u variables\n", info.ptx_isa / 100, info.ptx_isa % 100,
	       info.ptx_target, &info.variant, info.nkernels, info.nglobals);
	for (unsigned int i = 0; i < info.nkernels; i++) {
		vgpucc_kernel_at(m, i, &k);
		printf("  kernel %s: %u parameters, %zu bytes, %zu shared, maxntid %u,%u,%u\n", k.name, k.nparams,
		       k.param_size, k.static_shared, k.maxntid[0], k.maxntid[1], k.maxntid[2]);
	}
	for (unsigned int i = 0; i < info.nglobals; i++) {
		vgpucc_global_at(m, i, &g);
		printf("  variable %s: %zu bytes, %zu set, %u addresses\n", g.name, g.size, g.init_len, g.nrelocs);
	}
}

static size_t seen; /* kernels, for --every */

static int do_module(const char *text, size_t len, const struct vgpucc_entry *e)
{
	unsigned int cc = e->arch ? e->arch : set.cc;
	struct vgpucc_target target = { .cc = cc, .borrow = true };
	struct vgpucc_module *m;
	struct vgpucc_info info;
	struct vgpucc_kernel k;
	struct arch_stats *s;
	struct diag d;
	int failed = 0;
	double t;

	diag_init(&d, log_buf, sizeof(log_buf));
	t = now_ms();
	if (vgpucc_module_open(text, len, &target, &d, &m)) {
		s = stats_for(e->arch, e->variant);
		s->modules++;
		s->bad_modules++;
		add_reason("a module", d.first);
		fprintf(stderr, "%s: %s", set.file, log_buf);
		return 1;
	}
	t = now_ms() - t;
	vgpucc_module_info(m, &info);
	s = stats_for(info.ptx_target, info.variant);
	s->modules++;
	s->bytes += len;
	s->index_ms += t;
	if (set.list)
		list_module(m);
	for (unsigned int i = 0; i < info.nkernels && !set.list; i++) {
		vgpucc_kernel_at(m, i, &k);
		if (set.kernel ? !strcmp(set.kernel, k.name) : !(seen++ % set.every))
			failed |= do_kernel(m, k.name, s) != VGPUCC_OK;
	}
	vgpucc_module_close(m);
	return failed;
}

static int failures;

static void list_entry(const struct vgpucc_entry *e)
{
	if (!e->arch)
		printf("module %u: PTX text, %zu bytes\n", e->module, e->size);
	else
		printf("module %u: %s %u%.1s, %s, %zu bytes stored, %zu unpacked\n", e->module, e->ptx ? "PTX" : "SASS",
		       e->arch, &e->variant, e->compression, e->stored, e->size);
}

static int do_entry(const struct vgpucc_entry *e, void *ctx)
{
	struct diag d;
	size_t len;
	char *text;

	(void)ctx;
	if (set.list)
		list_entry(e);
	if (!e->ptx || (set.arch && e->arch && e->arch != set.arch))
		return 0;
	diag_init(&d, log_buf, sizeof(log_buf));
	text = vgpucc_entry_text(e, &len, &d);
	if (!text) {
		fprintf(stderr, "%s", log_buf);
		failures++;
		return 0;
	}
	/* in a library every entry is checked, as its own device would */
	failures += do_module(text, len, e);
	free(text);
	return 0;
}

/* ---- start ---- */

static const void *map_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		exit(2);
	}
	*len = st.st_size;
	if (!st.st_size) {
		fprintf(stderr, "%s: empty\n", path);
		exit(2);
	}
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	close(fd);
	return p;
}

static const struct argp_option options[] = {
	{ "check", 'c', NULL, 0, "Compile every kernel, print totals and failures", 0 },
	{ "list", 'l', NULL, 0, "List entries, kernels, variables", 0 },
	{ "front", 'f', NULL, 0, "Front half only: parse, verify, SSA", 0 },
	{ "dump-ir", 'i', NULL, 0, "Print the IR as parsed", 0 },
	{ "dump-ssa", 's', NULL, 0, "Print the IR in SSA form", 0 },
	{ "dump-isa", 'd', NULL, 0, "Print the vISA", 0 },
	{ "arch", 'a', "CC", 0,
	  "Of a library: only this architecture's entries; "
	  "of PTX: the device's capability (120 or 12.0)",
	  0 },
	{ "kernel", 'k', "NAME", 0, "Only this kernel", 0 },
	{ "shape", 'x', "SHAPE", 0, "Launch shape: general (default), linear, rows", 0 },
	{ "every", 'e', "N", 0, "Only every Nth kernel", 0 },
	{ "verbose", 'v', NULL, 0, "Each kernel's time and log", 0 },
	{ 0 },
};

static enum vgpucc_shape_class parse_shape(const char *s, struct argp_state *state)
{
	static const char *const names[] = {
		[VGPUCC_SHAPE_GENERAL] = "general",
		[VGPUCC_SHAPE_LINEAR] = "linear",
		[VGPUCC_SHAPE_ROWS] = "rows",
	};

	for (unsigned int k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (!strcmp(s, names[k]))
			return k;
	argp_error(state, "no launch shape: %s", s);
	return VGPUCC_SHAPE_GENERAL;
}

static unsigned int parse_cc(const char *s, struct argp_state *state)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*end == '.')
		n = n * 10 + strtoul(end + 1, &end, 10);
	if (*end || n < 10 || n > 999)
		argp_error(state, "no compute capability: %s", s);
	return n;
}

static const struct {
	char key;
	bool *flag;
} flags[] = {
	{ 'c', &set.check },    { 'l', &set.list },     { 'f', &set.front },   { 'i', &set.dump_ir },
	{ 's', &set.dump_ssa }, { 'd', &set.dump_isa }, { 'v', &set.verbose },
};

static error_t parse_opt(int key, char *arg, struct argp_state *state)
{
	char more;

	for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++) {
		if (flags[k].key == key) {
			*flags[k].flag = true;
			return 0;
		}
	}
	switch (key) {
	case 'a':
		set.cc = parse_cc(arg, state);
		set.arch = set.cc;
		break;
	case 'k':
		set.kernel = arg;
		break;
	case 'x':
		set.shape = parse_shape(arg, state);
		break;
	case 'e':
		if (sscanf(arg, "%u%c", &set.every, &more) != 1 || !set.every || *arg == '-')
			argp_error(state, "no step: %s", arg);
		break;
	case ARGP_KEY_ARG:
		if (set.file)
			argp_usage(state);
		set.file = arg;
		break;
	case ARGP_KEY_END:
		if (!set.file)
			argp_usage(state);
		if (!set.list && !set.dump_ir && !set.dump_ssa && !set.dump_isa)
			set.check = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	options, parse_opt, "FILE.ptx|FILE.fatbin|LIB.so", "Compile PTX for vgpu and report.", NULL, NULL, NULL,
};

int main(int argc, char **argv)
{
	const void *image;
	struct diag d;
	size_t len;

	setvbuf(stdout, NULL, _IOLBF, 0);
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	image = map_file(set.file, &len);
	diag_init(&d, NULL, 0);
	if (vgpucc_image_entries(image, len, do_entry, NULL, &d)) {
		fprintf(stderr, "%s: %s\n", set.file, d.first);
		return 2;
	}
	if (set.check)
		report();
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "vgpu-ptxc: the output could not be written\n");
		return 2;
	}
	if (!set.list && !anything())
		return 1;
	return failures ? 1 : 0;
}
