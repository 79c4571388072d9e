// SPDX-License-Identifier: MIT
// Matrices, comparison and report (rig.h).
#include "rig.h"
#include <cublasLt.h>
#include <map>

static double random_value(cudaDataType t, uint32_t &seed)
{
	uint32_t r = check_random(seed);

	if (t == CUDA_R_8I || t == CUDA_R_32I)
		return (int)(r >> 8 & 255) - 128;
	return (double)(int32_t)r / 2147483648.0;
}

matrix::matrix(cudaDataType t, int r, int c, int l, int b, uint32_t &seed)
	: type(t), rows(r), cols(c), ld(l), batch(b), host(stride() * b * number_size(t), -1)
{
	for (int k = 0; k < batch; k++)
		for (int j = 0; j < cols; j++)
			for (int i = 0; i < rows; i++)
				set(i, j, k, random_value(t, seed));
	CU(cudaMalloc(&device, host.size() + 16));
	upload();
}

matrix::~matrix()
{
	cudaFree(device);
}

void matrix::fill(double v)
{
	for (int k = 0; k < batch; k++)
		for (int j = 0; j < cols; j++)
			for (int i = 0; i < rows; i++)
				set(i, j, k, v);
	upload();
}

void matrix::upload()
{
	CU(cudaMemcpy(device, host.data(), host.size(), cudaMemcpyHostToDevice));
}

std::vector<char> matrix::download() const
{
	std::vector<char> v(host.size());

	CU(cudaMemcpy(v.data(), device, v.size(), cudaMemcpyDeviceToHost));
	return v;
}

double sum_bound(double u, int k)
{
	double likely = expm1(6 * sqrt((double)k) * u + k * u * u / (1 - u));
	double ku = k * u;

	return ku < 1 ? std::min(ku / (1 - ku), likely) : likely;
}

void comparison::fail(const std::string &what)
{
	if (good)
		text = what;
	good = false;
}

void comparison::element(int r, int c, int b, double got, double want, double bound)
{
	double error = fabs(got - want);
	double part = error == 0 ? 0 : bound > 0 ? error / bound : INFINITY;

	if (part <= worst)	/* false for NaN */
		return;
	worst = std::isnan(part) ? INFINITY : part;
	char line[200];
	snprintf(line, sizeof(line), "(%d,%d;%d) is %.17g, not %.17g: error %.3g, bound %.3g", r, c, b,
		 got, want, error, bound);
	text = line;
	good = good && worst <= 1;
}

comparison compare(const matrix &m, const std::vector<char> &got,
		   const std::vector<double> &want, const std::vector<double> &bound)
{
	size_t size = number_size(m.type), n = 0;
	comparison c;

	for (int b = 0; b < m.batch; b++)
		for (int j = 0; j < m.cols; j++) {
			size_t at = b * m.stride() + (size_t)j * m.ld;
			for (int i = 0; i < m.rows; i++, n++)
				c.element(i, j, b, number_get(m.type, got.data(), at + i), want[n],
					  bound[n]);
			if (memcmp(&got[(at + m.rows) * size], &m.host[(at + m.rows) * size],
				   (m.ld - m.rows) * size))
				c.fail("written between the columns");
		}
	return c;
}

static std::map<std::string, double> largest;

void report(const std::string &kind, const std::string &what, const comparison &c)
{
	if (!c.good)
		printf("# %s %s: %s\n", kind.c_str(), what.c_str(), c.text.c_str());
	largest[kind] = std::max(largest[kind], c.worst);
	check_result(c.good, (kind + " " + what).c_str());
}

void report_skip(const std::string &kind, const std::string &what, const char *reason)
{
	check_result(true, (kind + " " + what + " # SKIP " + reason).c_str());
}

bool machine_code_only(cublasStatus_t status)
{
	return status == CUBLAS_STATUS_EXECUTION_FAILED && cublasLtGetVersion() >= 131000 &&
	       cudaDeviceSynchronize() == cudaSuccess;
}

int report_end()
{
	for (auto &l : largest)
		printf("# %s: largest error %.3f of the bound\n", l.first.c_str(), l.second);
	return check_end();
}

cublasHandle_t handle()
{
	static cublasHandle_t h;
	int version;

	if (!h) {
		CB(cublasCreate(&h));
		CB(cublasGetVersion(h, &version));
		printf("# cuBLAS %d\n", version);
	}
	return h;
}
