"""OpenVINO IRs: conversion, reading, compilation and inspection."""
