# A machine of its own: called in new network, mount, process and host name namespaces with its name, the folder that is its home,
# and our program. Nothing of the machine below is written to. It exists until standard input ends.
set -e
name=$1 home=$2 program=$3 tailscale=$4
mount --make-rprivate /
touch "$home/bin/openclaw"
mount --bind "$program" "$home/bin/openclaw"
[ -z "$tailscale" ] || mount --bind "$tailscale" "$home/tailscale"
mount --rbind "$home" /mnt
mount --bind /mnt/etc/hosts /etc/hosts
mount --bind /mnt/etc/passwd /etc/passwd
mount --bind /mnt/tmp /tmp
mount -t tmpfs run /run
mkdir -p /run/sshd /run/tailscale /run/systemd/system
ln -s /mnt/tailscale/api.sock /run/tailscale/tailscaled.sock
hostname "$name"
ip link set lo up
echo ready
# It is the first process here, which waits for those that lost their parents.
while read -r _; do :; done
