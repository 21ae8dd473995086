# ITO_CUDA=ON: kernels/*.cu are compiled by nvcc, for architectures that are given, never asked of the machine: no GPU is needed to build.
set(ITO_CUDA_ARCHITECTURES "80;90" CACHE STRING "compute capabilities of the CUDA kernels, oldest first; for the last there is PTX, too, for what comes after it")

if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  set(nvcc_places $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin /opt/cuda/bin)
  find_program(CMAKE_CUDA_COMPILER nvcc HINTS ${nvcc_places})
  if(NOT CMAKE_CUDA_COMPILER)
    message(FATAL_ERROR "ITO_CUDA=ON needs nvcc, which is neither on PATH nor in CUDA_HOME/bin, CUDA_PATH/bin, /usr/local/cuda/bin, /opt/cuda/bin; "
                        "say where with -DCMAKE_CUDA_COMPILER=, or build with ITO_CUDA=EMULATE")
  endif()
endif()
set(CMAKE_CUDA_ARCHITECTURES ${ITO_CUDA_ARCHITECTURES})
list(POP_BACK CMAKE_CUDA_ARCHITECTURES newest)
list(TRANSFORM CMAKE_CUDA_ARCHITECTURES APPEND -real)
list(APPEND CMAKE_CUDA_ARCHITECTURES ${newest})
if(CCACHE)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE})
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 as Debian has it does not know that nvcc can
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
find_package(CUDAToolkit 12.3 REQUIRED)

# What every .cu file is compiled with. A kernel that spills registers stops the build. -diag-suppress 445: nvcc takes the template parameter of
# []<class T>() for unused. -no-compress: tests/gpu/resources.py reads the kernels' resources from the objects.
add_library(ito_nvcc_options INTERFACE)
target_include_directories(ito_nvcc_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(ito_nvcc_options INTERFACE
  -Werror=all-warnings --expt-relaxed-constexpr -diag-suppress=445 -Xptxas=-warn-spills -Xcompiler=-Wall,-Wextra,-Wshadow,-Wno-restrict,-Werror -no-compress)

file(GLOB_RECURSE cuda_sources CONFIGURE_DEPENDS kernels/*.cu)
add_library(ito_cuda OBJECT ${cuda_sources})
target_link_libraries(ito_cuda PRIVATE ito_nvcc_options)
set_property(GLOBAL APPEND PROPERTY ITO_OBJECTS $<TARGET_OBJECTS:ito_cuda>)

add_library(ito_toolkit INTERFACE)
target_link_libraries(ito_toolkit INTERFACE CUDA::cudart_static)
include(cmake/vendor.cmake)
