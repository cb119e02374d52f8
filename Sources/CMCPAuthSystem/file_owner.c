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
