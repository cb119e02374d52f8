#include "memory_file.h"

#include <sys/stat.h>
#include <unistd.h>

int mcp_is_regular_file(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

int mcp_is_private_file(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0;
}

int mcp_is_file_at(int descriptor, const char *path) {
    struct stat open_file, named;
    return fstat(descriptor, &open_file) == 0 && lstat(path, &named) == 0 && open_file.st_dev == named.st_dev &&
           open_file.st_ino == named.st_ino;
}
