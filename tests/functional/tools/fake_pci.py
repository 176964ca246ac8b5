#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of a kernel that binds PCI devices to drivers, for a folder that looks like /sys.

fake_pci.py SYS   serves what is written to SYS/bus/pci/drivers_probe and drivers/NAME/unbind, which are pipes

A device is a folder SYS/bus/pci/devices/ADDRESS with the links and files of the real one, and one file more: `native`, the
name of the driver that takes it without an override, perhaps none. A driver with a file `refuses` takes no device.
"""
import os
import selectors
import sys

bus = os.path.join(sys.argv[1], "bus/pci")


def read(path):
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def probe(address):
    device = os.path.join(bus, "devices", address)
    name = read(os.path.join(device, "driver_override")) or read(os.path.join(device, "native"))
    driver = os.path.join(bus, "drivers", name)
    if name and os.path.isdir(driver) and not os.path.exists(os.path.join(driver, "refuses")):
        os.symlink(driver, os.path.join(device, "driver"))


def unbind(address):
    os.unlink(os.path.join(bus, "devices", address, "driver"))


def serve(pipe, action, selector):
    # Open for writing, too, so that it never ends.
    selector.register(os.open(pipe, os.O_RDWR | os.O_NONBLOCK), selectors.EVENT_READ, action)


def main():
    selector = selectors.DefaultSelector()
    serve(os.path.join(bus, "drivers_probe"), probe, selector)
    for driver in os.listdir(os.path.join(bus, "drivers")):
        serve(os.path.join(bus, "drivers", driver, "unbind"), unbind, selector)
    print("serving", flush=True)
    while True:
        for key, _ in selector.select():
            for address in os.read(key.fd, 4096).decode().split():
                print(key.data.__name__, address, flush=True)
                key.data(address)


main()
