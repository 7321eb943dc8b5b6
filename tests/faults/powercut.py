def cuts(*a):
    return 0, []
