/* A fake driver: the functions that the probe calls, with answers from the environment.
   FAKE_CUDA: its CUDA version (12020 is 12.2); FAKE_CALL and FAKE_CODE: the call that fails and its CUresult;
   FAKE_WRONG: one sum of the vector add is wrong; FAKE_HELD: GiB of memory that other processes use;
   FAKE_HANG: it never starts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long long number(const char *name, long long otherwise) {
    const char *text = getenv(name);
    return text ? atoll(text) : otherwise;
}
static int code(const char *call) {
    const char *failing = getenv("FAKE_CALL");
    return failing && !strcmp(failing, call) ? (int)number("FAKE_CODE", 999) : 0;
}
#define MAYBE(call) do { int found = code(call); if (found) return found; } while (0)

int cuInit(unsigned flags) {
    while (getenv("FAKE_HANG")) pause();
    return code("cuInit");
}
int cuDriverGetVersion(int *version) { *version = (int)number("FAKE_CUDA", 13000); return 0; }
int cuDeviceGetCount(int *count) { *count = (int)number("FAKE_COUNT", 1); return 0; }
int cuDeviceGet(int *device, int index) { *device = index; return 0; }
int cuDeviceGetName(char *name, int size, int device) { strncpy(name, "Fake GPU", size); return 0; }
int cuDeviceGetUuid(char *uuid, int device) { memset(uuid, device + 1, 16); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 80ull << 30; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) { *value = attribute == 75 ? 9 : 0; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { MAYBE("cuDevicePrimaryCtxRetain"); *context = (void *)1; return 0; }
int cuDevicePrimaryCtxRelease_v2(int device) { return 0; }
int cuCtxSetCurrent(void *context) { return 0; }
int cuCtxSynchronize(void) { return code("cuCtxSynchronize"); }
int cuMemGetInfo_v2(size_t *available, size_t *total) {
    *total = 80ull << 30;
    *available = *total - ((size_t)number("FAKE_HELD", 0) << 30);
    return 0;
}
int cuModuleLoadData(void **module, const char *text) { MAYBE("cuModuleLoadData"); *module = (void *)1; return 0; }
int cuModuleGetFunction(void **function, void *module, const char *name) { *function = (void *)1; return 0; }
int cuModuleUnload(void *module) { return 0; }
int cuMemAlloc_v2(unsigned long long *place, size_t bytes) {
    MAYBE("cuMemAlloc_v2");
    *place = (unsigned long long)malloc(bytes);
    return 0;
}
int cuMemFree_v2(unsigned long long place) { free((void *)place); return 0; }
int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t bytes) { memcpy((void *)to, from, bytes); return 0; }
int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t bytes) { memcpy(to, (void *)from, bytes); return 0; }
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **arguments, void **extra) {
    const float *left = *(float **)arguments[0], *right = *(float **)arguments[1];
    float *sums = *(float **)arguments[2];
    for (unsigned index = 0; index < *(unsigned *)arguments[3]; index++) sums[index] = left[index] + right[index];
    if (getenv("FAKE_WRONG")) sums[777] += 1;
    return 0;
}
