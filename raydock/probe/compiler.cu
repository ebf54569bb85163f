// The check `compiler` compiles this: a kernel with cub and cuRAND, like FlashInfer's, and a call of the driver's API.
#include <cuda.h>
#include <cub/block/block_reduce.cuh>
#include <curand_kernel.h>

__global__ void sample(float* out, unsigned long long seed) {
  using Reduce = cub::BlockReduce<float, 128>;
  __shared__ typename Reduce::TempStorage storage;
  curandStatePhilox4_32_10_t state;
  curand_init(seed, threadIdx.x, 0, &state);
  float sum = Reduce(storage).Sum(curand_uniform(&state));
  if (threadIdx.x == 0) out[blockIdx.x] = sum;
}

extern "C" int driver() {
  int version = 0;
  sample<<<1, 128>>>(nullptr, 1);
  return cuDriverGetVersion(&version);
}
