// SPDX-License-Identifier: MIT
/* Stage 1: what the index answers; fatbins, good and damaged; the choice. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "fatbin_make.h"
#include "tap.h"

static char log_buf[4096];

/* ---- queries ---- */

static const char text[] =
	".version 8.5\n.target sm_75\n.address_size 64\n"
	".shared .align 4 .b8 far[100];\n"
	".extern .shared .align 16 .b8 dyn[];\n"
	".func (.param .b32 r) helper(.param .b32 a)\n{\n\t.shared .align 8 .b8 own[20];\n"
	"\tmov.u32 %x, far;\n\tret;\n}\n"
	".visible .const .align 4 .b8 tab[16] = {1, 2};\n"
	".global .u64 ptr[2] = {tab+8, helper};\n"
	".visible .entry one(\n\t.param .u8 a,\n\t.param .u64 b,\n"
	"\t.param .align 16 .b8 c[20],\n\t.param .u16 d\n)\n"
	".maxntid 128, 2, 1\n.minnctapersm 3\n.maxnreg 64\n{\n"
	"\t/* } */ // }\n\t.shared .align 4 .f32 tile[5];\n"
	"\t{ .shared .b8 t2; }\n\tld.shared.f32 %f, [tile];\n\tret;\n}\n"
	".visible .entry two()\n.reqntid 32\n{\n\tcall helper;\n\tret;\n}\n";

static void check_queries(void)
{
	struct vgpucc_target target = { .cc = 120 };
	struct vgpucc_module *m;
	struct vgpucc_kernel k;
	struct vgpucc_global g;
	struct vgpucc_info info;
	uint32_t id;
	struct diag d;

	diag_init(&d, log_buf, sizeof(log_buf));
	if (!ok(!vgpucc_module_open(text, 0, &target, &d, &m), "module opens")) {
		note("%s", log_buf);
		return;
	}
	vgpucc_module_info(m, &info);
	ok(info.ptx_isa == 805 && info.ptx_target == 75 && !info.variant, "version and target");
	ok(info.nkernels == 2 && info.nglobals == 2, "kernels and variables counted");
	ok(!vgpucc_kernel_find(m, "one", &k) && k.nparams == 4 && k.param_size == 38,
	   "parameter block is 38 bytes");
	ok(k.params[1].offset == 8 && k.params[2].offset == 16 && k.params[2].size == 20 &&
	   k.params[2].align == 16 && k.params[3].offset == 36, "offsets as in a C struct");
	ok(k.maxntid[0] == 128 && k.maxntid[1] == 2 && k.minnctapersm == 3 && k.maxnreg == 64 &&
	   !k.reqntid[0], "launch bounds");
	ok(k.static_shared == 21, "static shared memory, nested scopes too");
	ok(!vgpucc_kernel_find(m, "two", &k) && k.reqntid[0] == 32 && k.reqntid[2] == 1,
	   ".reqntid with one dimension");
	ok(k.static_shared == 120, "static shared memory of what it calls (%zu)",
	   k.static_shared);
	ok(vgpucc_kernel_find(m, "helper", &k) == VGPUCC_NOT_FOUND, "a function is no kernel");
	ok(vgpucc_kernel_at(m, 2, &k) == VGPUCC_NOT_FOUND, "kernel past the end");
	ok(!vgpucc_global_find(m, "tab", &g) && g.size == 16 && g.init_len == 2 &&
	   g.space == VGPUCC_CONST && ((const char *)g.init)[1] == 2, "constant with contents");
	ok(!vgpucc_global_find(m, "ptr", &g) && g.nrelocs == 2 && g.relocs[0].global == 0 &&
	   g.relocs[0].addend == 8 && g.relocs[1].offset == 8 &&
	   !strcmp(g.relocs[1].func, "helper"), "addresses in an initializer");
	ok(!vgpucc_function_id(m, "helper", &id) && id, "function id");
	ok(vgpucc_global_find(m, "far", &g) == VGPUCC_NOT_FOUND, "shared is no global");
	vgpucc_module_close(m);
}

/* Constant expressions, with C's meaning. */
static void check_consts(const char *path)
{
	static const int64_t want[] = { 7, 9, -3, -1, 14, -4, 0x0f, 1, 0, 1, 10, -1, 0, 0, 15, 5 };
	struct vgpucc_target target = { .cc = 120 };
	static char ptx[4096];
	struct vgpucc_module *m;
	struct vgpucc_global g;
	FILE *f = fopen(path, "r");
	struct diag d;

	if (!f || !fread(ptx, 1, sizeof(ptx) - 1, f)) {
		ok(false, "%s can be read", path);
		return;
	}
	fclose(f);
	diag_init(&d, log_buf, sizeof(log_buf));
	if (!ok(!vgpucc_module_open(ptx, 0, &target, &d, &m) &&
		!vgpucc_global_find(m, "values", &g) && g.init_len == sizeof(want),
		"constant expressions parse")) {
		note("%s", log_buf);
		return;
	}
	for (size_t k = 0; k < sizeof(want) / sizeof(want[0]); k++) {
		int64_t have;

		memcpy(&have, (const char *)g.init + 8 * k, 8);
		ok(have == want[k], "constant expression %zu is %lld (%lld)", k,
		   (long long)want[k], (long long)have);
	}
	vgpucc_module_close(m);
}

/* ---- fatbins ---- */

static const char *ptx_for(unsigned int arch, const char *variant, const char *kernel)
{
	static char buf[256];

	snprintf(buf, sizeof(buf), ".version 9.0\n.target sm_%u%s\n.address_size 64\n"
		 ".entry %s() { ret; }\n", arch, variant, kernel);
	return buf;
}

/* The kernel that is found tells which entry was taken. */
static void check_choice(const struct blob *o, unsigned int cc, const char *want)
{
	struct vgpucc_target target = { .cc = cc };
	struct vgpucc_module *m;
	struct vgpucc_kernel k;
	struct diag d;
	int ret;

	diag_init(&d, log_buf, sizeof(log_buf));
	ret = vgpucc_module_open(o->b, o->len, &target, &d, &m);
	if (!want) {
		if (!ok(ret == VGPUCC_NO_PTX, "compute capability %u: none", cc))
			note("status %d: %s", ret, log_buf);
	} else if (!ok(!ret && !vgpucc_kernel_find(m, want, &k),
		       "compute capability %u: takes %s", cc, want)) {
		note("status %d: %s", ret, log_buf);
	}
	vgpucc_module_close(m);
}

static void make_fatbin(struct blob *o)
{
	begin(o);
	put_entry(o, 1, 75, 0, 0, ptx_for(75, "", "k75"));
	put_entry(o, 2, 90, 0, 0, "\177ELF...");
	put_entry(o, 1, 80, 0, 1, ptx_for(80, "", "k80"));
	put_entry(o, 1, 90, 0, 2, ptx_for(90, "", "k90"));
	put_entry(o, 1, 90, 0x100000, 2, ptx_for(90, "a", "k90a"));
	put_entry(o, 1, 120, 0x200000, 2, ptx_for(120, "f", "k120f"));
	end(o);
}

static void check_fatbins(void)
{
	static struct blob o;
	struct { uint32_t magic, version; const void *data; void *name; } wrapper;
	struct vgpucc_target target = { .cc = 75 };
	struct vgpucc_module *m;
	struct diag d;

	make_fatbin(&o);
	check_choice(&o, 75, "k75");
	check_choice(&o, 70, NULL);
	ok(strstr(log_buf, "found: compute_75, sm_90, compute_80, compute_90, compute_90a, "
		  "compute_120f"), "what was found is named");
	check_choice(&o, 86, "k80");
	check_choice(&o, 90, "k90a");
	check_choice(&o, 100, "k90");
	check_choice(&o, 120, "k120f");
	check_choice(&o, 121, "k120f");
	begin(&o);
	put_entry(&o, 1, 123, 0, 0, ptx_for(123, "", "k123"));
	put_entry(&o, 1, 121, 0, 1, ptx_for(121, "", "k121"));
	put_entry(&o, 1, 122, 0x100000, 2, ptx_for(122, "a", "k122a"));
	end(&o);
	check_choice(&o, 120, "k121");	/* later members of the generation, the nearest */
	check_choice(&o, 122, "k122a");
	check_choice(&o, 103, NULL);
	make_fatbin(&o);
	wrapper.magic = 0x466243b1;
	wrapper.version = 1;
	wrapper.data = o.b;
	wrapper.name = NULL;
	diag_init(&d, log_buf, sizeof(log_buf));
	ok(!vgpucc_module_open(&wrapper, 0, &target, &d, &m), "wrapper of unknown size");
	vgpucc_module_close(m);
	wrapper.data = (void *)0x1234567800;
	ok(vgpucc_module_open(&wrapper, sizeof(wrapper), &target, &d, &m) == VGPUCC_NO_PTX,
	   "the pointer of a wrapper in a file is not followed");
	wrapper.version = 2;
	ok(!vgpucc_is_unlinked(&wrapper, 4), "nor looked at");
}

/* A shared object as far as it matters, or an object of relocatable device code: two fatbins in a section. */
enum { SHARED_OBJECT = 11, RELOCATABLE = 22 };

static void make_elf(struct blob *o, int section)
{
	static const char names[] = "\0.shstrtab\0.nv_fatbin\0__nv_relfatbin";
	static struct blob one;
	Elf64_Shdr sh[3] = {
		[1] = { .sh_name = 1, .sh_type = SHT_STRTAB, .sh_size = sizeof(names) },
		[2] = { .sh_name = section, .sh_type = SHT_PROGBITS },
	};
	Elf64_Ehdr e = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN, .e_machine = EM_X86_64, .e_shoff = sizeof(e),
		.e_shentsize = sizeof(sh[0]), .e_shnum = 3, .e_shstrndx = 1,
	};

	o->len = sizeof(e) + sizeof(sh);
	sh[1].sh_offset = o->len;
	put(o, names, sizeof(names));
	put_n(o, 0, -o->len & 7);
	sh[2].sh_offset = o->len;
	make_fatbin(&one);
	put(o, one.b, one.len);
	put_n(o, 0, 8);		/* padding between modules */
	begin(&one);
	put_entry(&one, 1, 75, 0, 2, ptx_for(75, "", "second"));
	end(&one);
	put(o, one.b, one.len);
	sh[2].sh_size = o->len - sh[2].sh_offset;
	memcpy(o->b, &e, sizeof(e));
	memcpy(o->b + sizeof(e), sh, sizeof(sh));
}

static int count_entry(const struct vgpucc_entry *e, void *ctx)
{
	unsigned int *n = ctx;

	n[e->module]++;
	return 0;
}

static void check_elf(void)
{
	static struct blob o;
	unsigned int n[64] = { 0 };
	struct diag d;

	make_elf(&o, SHARED_OBJECT);
	diag_init(&d, log_buf, sizeof(log_buf));
	ok(!vgpucc_image_entries(o.b, o.len, count_entry, n, &d) && n[0] == 6 && n[1] == 1,
	   "ELF: two modules of six and one entries");
	ok(vgpucc_image_size(o.b) == o.len, "size of an ELF file from its headers");
	check_choice(&o, 90, "k90a");
	make_elf(&o, RELOCATABLE);
	check_choice(&o, 90, "k90a");
	make_elf(&o, RELOCATABLE + 1);
	ok(!vgpucc_image_entries(o.b, o.len, count_entry, n, &d) && n[0] == 6, "a section of another name");
}

/* Truncated anywhere, or with any byte changed: an answer, never a crash. */
static void check_damage(void)
{
	static struct blob o, c;
	struct vgpucc_target target = { .cc = 120 };
	struct vgpucc_module *m;
	unsigned int opened = 0, refused = 0;
	struct diag d;

	make_fatbin(&o);
	for (size_t n = 4; n < o.len; n++) {
		unsigned char *exact = malloc(n);	/* so that ASan sees the end */

		memcpy(exact, o.b, n);
		diag_init(&d, log_buf, sizeof(log_buf));
		if (vgpucc_module_open(exact, n, &target, &d, &m))
			refused++;
		else
			opened++;
		vgpucc_module_close(m);
		free(exact);
	}
	ok(!opened && refused == o.len - 4, "truncated fatbins are refused");
	for (size_t n = 0; n < o.len; n++) {
		for (int bit = 0; bit < 8; bit++) {
			c = o;
			c.b[n] ^= 1 << bit;
			diag_init(&d, log_buf, sizeof(log_buf));
			if (vgpucc_module_open(c.b, c.len, &target, &d, &m))
				refused++;
			vgpucc_module_close(m);
		}
	}
	ok(refused > o.len, "a bit flipped anywhere: %u refused", refused);
	refused = 0;
	make_elf(&o, SHARED_OBJECT);
	for (size_t n = 0; n < o.len; n++) {
		unsigned char *exact = malloc(o.len - n % 64);

		memcpy(exact, o.b, o.len - n % 64);
		exact[n % (o.len - 64)] ^= 1 << n % 8;
		diag_init(&d, log_buf, sizeof(log_buf));
		if (vgpucc_module_open(exact, o.len - n % 64, &target, &d, &m))
			refused++;
		vgpucc_module_close(m);
		free(exact);
	}
	ok(refused > 0, "damaged and truncated ELF files: %u refused", refused);
}

/* Containers for the fuzzer to start from. */
static int write_seed(const char *dir, const char *name, const struct blob *o)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f || fwrite(o->b, 1, o->len, f) != o->len || fclose(f)) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct blob o;

	if (argc > 2 && !strcmp(argv[1], "--seeds")) {
		make_fatbin(&o);
		if (write_seed(argv[2], "fatbin", &o))
			return 2;
		make_elf(&o, SHARED_OBJECT);
		return write_seed(argv[2], "elf", &o) ? 2 : 0;
	}
	check_queries();
	check_consts(argc > 1 ? argv[1] : "ptx/consts.ptx");
	check_fatbins();
	check_elf();
	check_damage();
	return tap_done();
}
